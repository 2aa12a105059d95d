import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from '@jest/globals';
import { issuerFault } from './issuer-fault.js';

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** The address of a server that answers so. */
async function serve(answer: RequestListener, host = '127.0.0.1'): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  closing.push(() => server.close());
  await once(server, 'listening');
  return `http://${host}:${(server.address() as AddressInfo).port}`;
}

const announcing =
  (issuer: (host: string) => string): RequestListener =>
  ({ url, headers }, response) =>
    url?.endsWith('/.well-known/openid-configuration')
      ? response.end(JSON.stringify({ issuer: issuer(headers.host!) }))
      : response.writeHead(404).end();

describe('issuerFault', () => {
  it.each(['127.0.0.1', 'mesh.localhost'])('finds none with an issuer at %s', async (host) => {
    expect(
      await issuerFault(
        await serve(
          announcing((at) => `http://${at}`),
          host,
        ),
      ),
    ).toBeUndefined();
  });

  it('finds none with an issuer below a path', async () => {
    const url = await serve(announcing((at) => `http://${at}/realms/mesh`));
    expect(await issuerFault(`${url}/realms/mesh`)).toBeUndefined();
  });

  it('finds none with an issuer whose name ends with a slash', async () => {
    const url = await serve(({ url: path, headers }, response) => {
      expect(path).toBe('/.well-known/openid-configuration');
      response.end(JSON.stringify({ issuer: `http://${headers.host}/` }));
    });
    expect(await issuerFault(`${url}/`)).toBeUndefined();
  });

  it('says that another issuer answers', async () => {
    const url = await serve(announcing(() => 'https://login.example.org'));
    expect(await issuerFault(url)).toBe('what answers there is another issuer');
  });

  it.each<[string, RequestListener]>([
    ['it answers with status 404', (_, response) => response.writeHead(404).end()],
    ['what answers there is no OpenID issuer', (_, response) => response.end('<html>')],
    ['what answers there is no OpenID issuer', (_, response) => response.end('null')],
  ])('says that %s', async (fault, answer) => {
    expect(await issuerFault(await serve(answer))).toBe(fault);
  });

  it('says why nothing answers', async () => {
    const url = await serve(() => undefined);
    for (const close of closing.splice(0)) close();
    expect(await issuerFault(url)).toBe('it does not answer (ECONNREFUSED)');
  });
});
