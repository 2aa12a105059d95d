import { createServer, type RequestListener } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { decodeJwt } from 'jose';
import { EmbeddedIssuer } from '../embedded-issuer.js';
import { SamplePasswords } from '../sample-passwords.js';
import { signInAs } from './sign-in-as.js';

const resource = 'https://mesh.local/api';
const passwords = SamplePasswords.random();
const code = (expected: string) => expect.objectContaining({ code: expected });
const options = { scope: 'research:fast draft:write', resource };

describe('signInAs', () => {
  let issuer: EmbeddedIssuer;
  const cleanups: (() => unknown)[] = [];
  beforeEach(async () => {
    issuer = await EmbeddedIssuer.start({ port: 0, resource, passwords });
    cleanups.push(() => issuer.close());
  });
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
  });

  it('signs in by the code flow, at a name that the system may not resolve', async () => {
    const signedIn = await signInAs(issuer.url, 'analyst', passwords.of('analyst'), options);
    expect(issuer.url).toContain('mesh.localhost');
    expect(decodeJwt(signedIn.accessToken)).toMatchObject({
      iss: issuer.url,
      sub: 'analyst',
      client_id: 'mesh-cli',
    });
    expect(signedIn).toMatchObject({ scope: options.scope, refreshToken: undefined });
  });

  it('says which scope was granted, and gets a refresh token where one was asked for', async () => {
    const signedIn = await signInAs(issuer.url, 'reader', passwords.of('reader'), {
      scope: 'openid offline_access research:fast research:deep',
      resource,
    });
    expect(signedIn).toMatchObject({
      scope: 'research:fast',
      refreshToken: expect.any(String),
      idToken: expect.any(String),
    });
  });

  it('is refused with a wrong password, and after too many', async () => {
    const attempt = () => signInAs(issuer.url, 'reader', 'wrong', options);
    for (let i = 0; i < 5; i++) {
      await expect(attempt()).rejects.toThrow(code('ERR_ISSUER_SIGN_IN_REFUSED'));
    }
    await expect(attempt()).rejects.toThrow('too many wrong passwords');
  });

  it.each([
    [{ scope: 'research:deep' }, 'access_denied'],
    [{ scope: 'unknown' }, 'invalid_scope'],
    [{ resource: 'https://other.example/' }, 'invalid_target'],
    [{ redirectUri: 'http://127.0.0.1/other' }, 'invalid_redirect_uri'],
    [{ clientId: 'other' }, 'invalid_client'],
  ])('is refused with %p: %s', async (changes, oauthError) => {
    await expect(
      signInAs(issuer.url, 'reader', passwords.of('reader'), { ...options, ...changes }),
    ).rejects.toMatchObject({ code: 'ERR_ISSUER_SIGN_IN_REFUSED', oauthError });
  });

  it.each(['https://id.example.com', 'http://192.0.2.1:80', 'nothing'])(
    'sends no password to %s',
    async (url) => {
      await expect(signInAs(url, 'reader', 'x', options)).rejects.toThrow(
        code('ERR_ISSUER_ADDRESS'),
      );
    },
  );

  it('fails where nobody listens', async () => {
    await issuer.close();
    await expect(signInAs(issuer.url, 'reader', passwords.of('reader'), options)).rejects.toThrow(
      code('ERR_ISSUER_SIGN_IN_FAILED'),
    );
  });

  it('ends with its signal', async () => {
    const reason = new Error('enough');
    await expect(
      signInAs(issuer.url, 'reader', passwords.of('reader'), {
        ...options,
        signal: AbortSignal.abort(reason),
      }),
    ).rejects.toBe(reason);
  });

  describe('at another server', () => {
    async function fake(answer: (origin: string) => RequestListener): Promise<string> {
      const server = createServer((request, response) => {
        answer(`http://${request.headers.host}`)(request, response);
      });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      cleanups.push(() => server.close());
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    }
    const attempt = (url: string) => signInAs(url, 'reader', passwords.of('reader'), options);

    it.each<[string, (origin: string) => RequestListener]>([
      [
        'that names itself otherwise',
        () => (_, response) => response.end('{"issuer":"http://other"}'),
      ],
      ['that is no issuer', () => (_, response) => response.end('<html>')],
      [
        'that leads elsewhere',
        (issuer) => (_, response) =>
          response.end(
            JSON.stringify({ issuer, authorization_endpoint: 'http://127.0.0.1:1/auth' }),
          ),
      ],
      [
        'that leads in circles',
        (issuer) => (request, response) =>
          request.url === '/.well-known/openid-configuration'
            ? response.end(JSON.stringify({ issuer, authorization_endpoint: `${issuer}/auth` }))
            : response.writeHead(303, { location: '/auth' }).end(),
      ],
      [
        'that answers another request',
        (issuer) => (request, response) =>
          request.url === '/.well-known/openid-configuration'
            ? response.end(JSON.stringify({ issuer, authorization_endpoint: `${issuer}/auth` }))
            : response
                .writeHead(303, { location: 'http://127.0.0.1/callback?code=c&state=other' })
                .end(),
      ],
    ])('fails at one %s', async (_, answer) => {
      await expect(attempt(await fake(answer))).rejects.toThrow(code('ERR_ISSUER_SIGN_IN_FAILED'));
    });
  });
});
