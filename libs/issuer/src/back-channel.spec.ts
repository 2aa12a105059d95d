import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { SpiffeId } from '@mesh/identity';
import { BackChannel } from './back-channel.js';
import { closeServer, listen } from './listening.js';

let asked: string[];
const server = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`);
  response.writeHead(302, { location: '/elsewhere' }).end();
});
let origin: string;
beforeEach(async () => {
  asked = [];
  await listen(server, 0, '127.0.0.1');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => closeServer(server));

const post = (origins: readonly string[]) => {
  const session = {
    clientId: 'gateway',
    spiffeId: SpiffeId.parse('spiffe://mesh.test/gateway'),
    origins: () => origins,
  };
  const body = new URLSearchParams({ logout_token: 'x' });
  return new BackChannel(session, undefined).fetch(`${origin}/out`, { method: 'POST', body });
};

it('leads to the gateway, and no further', async () => {
  expect((await post([origin])).status).toBe(302);
  expect(asked).toEqual(['POST /out']);
});

it.each<readonly string[]>([[], ['http://mesh.localhost:1']])(
  'leads nowhere but to the gateway (%j)',
  async (...origins) => {
    await expect(post(origins)).rejects.toThrow(TypeError);
    expect(asked).toEqual([]);
  },
);
