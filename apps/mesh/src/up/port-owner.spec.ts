import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { isOthersPort } from './port-owner.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

async function listen(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  closing.push(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const onLinux = process.platform === 'linux' ? describe : describe.skip;

onLinux('isOthersPort', () => {
  const other = process.getuid!() + 1;

  it.each(['127.0.0.1', '0.0.0.0', '::'])('tells whose listener it is, on %s', async (host) => {
    const port = await listen(host);
    expect(isOthersPort(port)).toBe(false);
    expect(isOthersPort(port, other)).toBe(true);
  });

  it('goes by who listens alone', async () => {
    const port = await listen('127.0.0.1');
    for (const close of closing.splice(0)) close();
    expect(isOthersPort(port, other)).toBe(false);
  });
});
