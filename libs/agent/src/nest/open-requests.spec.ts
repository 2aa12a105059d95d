import 'reflect-metadata';
import { once } from 'node:events';
import { createServer, IncomingMessage, ServerResponse, type Server } from 'node:http';
import { connect, Socket, type AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { RequestLifetime } from '../pipeline/request-deadline.js';
import { OpenRequests, type RequestEnd } from './open-requests.js';

let server: Server;
let open: OpenRequests;
let client: Socket;
/** Requests that arrived, in order. */
let requests: { response: ServerResponse; lifetime: RequestLifetime; over: Promise<RequestEnd> }[];
let arrived: (() => void) | undefined;

beforeEach(async () => {
  open = new OpenRequests();
  requests = [];
  server = createServer((request: IncomingMessage, response) => {
    let over: (end: RequestEnd) => void = () => undefined;
    const ended = new Promise<RequestEnd>((resolve) => (over = resolve));
    const now = Date.now();
    const lifetime = open.begin(now + 60_000, now, request.socket, response, (end) => over(end));
    requests.push({ response, lifetime, over: ended });
    arrived?.();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.on('error', () => undefined);
  client.resume();
});
afterEach(() => {
  client.destroy();
  server.closeAllConnections();
  server.close();
});

/** Sends requests in one go, and waits until all of them arrived. */
async function send(count: number): Promise<void> {
  const all = requests.length + count;
  const there = new Promise<void>((resolve) => {
    arrived = () => {
      if (requests.length === all) resolve();
    };
  });
  client.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(count));
  await there;
}

describe('a request', () => {
  it('is over when its response is out, and nothing is aborted then', async () => {
    await send(1);
    const { response, lifetime, over } = requests[0]!;
    expect(open.size).toBe(1);
    response.end('a');
    expect(await over).toEqual({ finished: true, reason: undefined });
    expect(open.size).toBe(0);
    expect(lifetime.signal.aborted).toBe(false);
  });

  it('is over when its caller leaves', async () => {
    await send(1);
    client.resetAndDestroy();
    const { over, lifetime } = requests[0]!;
    expect(await over).toMatchObject({ finished: false, reason: { code: 'ERR_REQUEST_ABORTED' } });
    expect(lifetime.signal.reason).toMatchObject({ code: 'ERR_REQUEST_ABORTED' });
    expect(open.size).toBe(0);
  });

  it('that was pipelined behind another is over as well when its caller leaves', async () => {
    await send(20);
    expect(open.size).toBe(20);
    client.resetAndDestroy();
    for (const { over } of requests) expect(await over).toMatchObject({ finished: false });
    expect(open.size).toBe(0);
  });

  it('on a connection that is gone already is over once it has begun', async () => {
    const socket = new Socket().destroy();
    await once(socket, 'close');
    const response = new ServerResponse(new IncomingMessage(socket));
    let begun: RequestLifetime | undefined;
    const over = new Promise<RequestLifetime | undefined>((resolve) => {
      begun = open.begin(Date.now() + 60_000, Date.now(), socket, response, () => resolve(begun));
    });
    expect((await over)?.signal.reason).toMatchObject({ code: 'ERR_REQUEST_ABORTED' });
    expect(open.size).toBe(0);
  });

  it('leaves no listener on a connection that carries many', async () => {
    for (let number = 0; number < 30; number++) {
      await send(1);
      const { response, over } = requests.at(-1)!;
      response.end();
      await over;
    }
    await send(1);
    const { socket } = requests.at(-1)!.response;
    const before = socket!.listenerCount('close');
    await send(5);
    expect(socket!.listenerCount('close')).toBe(before);
  });
});

describe('a stop', () => {
  it('ends streams and waits for the others, whose connections end with them', async () => {
    await send(1);
    const { response, lifetime } = requests[0]!;
    const stopped = open.stop(server, 60_000);
    expect(open.stopping).toBe(true);
    expect(lifetime.signal.aborted).toBe(false);
    const closed = once(client, 'close');
    response.end('a');
    await stopped;
    await closed;
    expect(open.size).toBe(0);
  });

  it('ends what is a stream, and what becomes one', async () => {
    await send(2);
    const [first, second] = requests;
    open.streams(first!.lifetime);
    const stopped = open.stop(server, 60_000);
    expect(first!.lifetime.signal.reason).toMatchObject({ code: 'ERR_AGENT_STOPPING' });
    expect(second!.lifetime.signal.aborted).toBe(false);
    open.streams(second!.lifetime);
    expect(second!.lifetime.signal.reason).toMatchObject({ code: 'ERR_AGENT_STOPPING' });
    first!.response.end();
    second!.response.end();
    await stopped;
  });

  it('ends all after its limit, and cuts those that do not answer', async () => {
    await send(1);
    await open.stop(server, 10);
    expect(await requests[0]!.over).toMatchObject({ reason: { code: 'ERR_AGENT_STOPPING' } });
  });

  it('of an idle agent is done at once', async () => {
    await open.stop(server, 60_000);
    expect(open.size).toBe(0);
  });
});
