import { once } from 'node:events';
import type { Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@mesh/observability';
import { PeopleServer } from './people-server.js';

let server: Server;
const sockets: Socket[] = [];

beforeEach(async () => {
  const logger = createLogger({ level: 'fatal', format: 'json' });
  const people = new PeopleServer({ files: undefined, host: undefined, logger });
  server = people.create((_request, response) => response.end('served'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  server.close();
  await once(server, 'close');
});

async function open(): Promise<Socket> {
  const { port } = server.address() as AddressInfo;
  const socket = connect(port, '127.0.0.1');
  sockets.push(socket);
  await once(socket, 'connect');
  return socket;
}

async function answered(socket: Socket): Promise<string> {
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await once(socket, 'close');
  return text;
}

describe('the server for people', () => {
  it('serves 512 connections of an address, and another once one of them is gone', async () => {
    const first = await open();
    for (let count = 1; count < 512; count++) await open();
    expect(await answered(await open())).toBe('');
    first.destroy();
    expect(await answered(sockets[1]!)).toMatch(/served$/);
    expect(await answered(await open())).toMatch(/served$/);
  });

  it('cuts connections that have asked nothing yet, with the others', async () => {
    const idle = await open();
    expect(await answered(await open())).toMatch(/served$/);
    const closed = once(idle, 'close');
    server.closeAllConnections();
    await closed;
  });

  it('takes 4,096 connections in all', () => {
    expect(server.maxConnections).toBe(4096);
  });
});
