import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AccessTokenVerifier } from '@mesh/delegation';
import { parseTrustDocument, requestDigest, verifyAnswer } from '@mesh/provenance';
import { decodeProtectedHeader } from 'jose';
import { freePort } from '../attacks/mesh/free-port.js';
import { type Running, Sandbox } from '../cli/program.js';
import { tokenRequest, tokensOf } from './code-flow.js';
import { describeWithKeycloak, say } from './describe-with-keycloak.js';
import { KeycloakBrowser } from './keycloak-browser.js';
import { Keycloak } from './keycloak.js';

const API = 'https://mesh.local/api';
const ALL = 'openid research:fast research:deep draft:write';
const QUESTION = 'What is an SVID?';
const asked = (nonce: string) => ({
  method: 'POST',
  headers: { 'request-nonce': nonce, accept: 'application/json' },
  body: JSON.stringify({ question: QUESTION, depth: 'deep' }),
});

await describeWithKeycloak('at Keycloak', (home) => {
  const sandbox = new Sandbox();
  let keycloak: Keycloak;
  let mesh: Running;
  let publicUrl: string;
  const environment = () => ({
    MESH_ISSUER_URL: keycloak.issuer,
    MESH_PUBLIC_URL: publicUrl,
    MESH_PORT_GATEWAY: new URL(publicUrl).port,
  });

  beforeAll(async () => {
    // A name that Java knows, and another than Keycloak's: cookies go to all ports of a host.
    publicUrl = `http://localhost:${await freePort()}`;
    keycloak = await Keycloak.start(home, await freePort(), publicUrl, say);
    await keycloak.addPerson('stranger');
    await keycloak.countRefreshes();
    mesh = await sandbox.up([], { env: environment() });
  });
  afterAll(async () => {
    await sandbox.close();
    await keycloak?.close();
  });

  const browser = () => new KeycloakBrowser(publicUrl, (account) => keycloak.passwordOf(account));
  const signedIn = async (account: string) => {
    const one = browser();
    await one.signIn(account);
    return one;
  };

  describe('the realm', () => {
    it.each([
      ['the command line', { client_id: 'mesh-cli' }],
      ['the gateway', { client_id: 'mesh-gateway', client_secret: 'any' }],
    ])('gives no token to %s for a password', async (_, client) => {
      const response = await tokenRequest(keycloak, {
        ...client,
        grant_type: 'password',
        username: 'analyst',
        password: await keycloak.passwordOf('analyst'),
      });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(await response.json()).toMatchObject({
        error: expect.stringMatching(/^(unauthorized_client|invalid_client)$/),
      });
    });

    it('takes no code flow without PKCE', async () => {
      const query = new URLSearchParams({
        client_id: 'mesh-cli',
        redirect_uri: 'http://127.0.0.1:1/callback',
        response_type: 'code',
        scope: 'openid',
      });
      const address = `${keycloak.issuer}/protocol/openid-connect/auth?${query.toString()}`;
      const { location } = await browser().send(address);
      expect(new URL(location!).searchParams.get('error')).toBe('invalid_request');
    });

    it('gives access tokens as the mesh wants them', async () => {
      const { access_token: text } = await tokensOf(keycloak, 'analyst', ALL);
      const verifier = new AccessTokenVerifier(keycloak.issuer, API, async (url, { signal }) => {
        const response = await fetch(url, { signal });
        return { status: response.status, body: await response.text() };
      });
      expect(decodeProtectedHeader(text)).toMatchObject({ typ: 'at+jwt', alg: 'ES256' });
      const token = await verifier.verify(text);
      expect(token).toMatchObject({
        clientId: 'mesh-cli',
        roles: ['analyst'],
        amr: ['pwd'],
        acr: '1',
        authTime: expect.any(Number),
      });
      expect(token.scope.toSorted()).toEqual(
        expect.arrayContaining(['draft:write', 'research:deep', 'research:fast']),
      );
    });

    it('gives a scope to the roles that have it', async () => {
      const { scope } = await tokensOf(keycloak, 'reader', ALL);
      expect(scope.split(' ')).toContain('research:fast');
      expect(scope.split(' ')).not.toContain('research:deep');
    });
  });

  describe('a bearer token', () => {
    const askAs = async (account: string) => {
      const { access_token: token } = await tokensOf(keycloak, account, ALL);
      const { headers, ...request } = asked(randomBytes(16).toString('base64url'));
      const response = await fetch(`${publicUrl}/v1/research`, {
        ...request,
        headers: {
          ...headers,
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
        },
      });
      return (await response.json()) as object;
    };

    it('of a person with the role and the scope gets an answer', async () => {
      expect(await askAs('analyst')).toMatchObject({ statements: expect.any(Array) });
    });

    it.each([
      ['without the scope', 'reader', 'ERR_ACCESS_TOKEN_SCOPE'],
      ['without a role', 'stranger', 'ERR_ACCESS_TOKEN_PERSON'],
    ])('of a person %s gets none', async (_, account, code) => {
      expect(await askAs(account)).toMatchObject({ code });
    });
  });

  it('./mesh ask signs in by the browser', async () => {
    const asking = sandbox.start(['ask', QUESTION], { env: environment() });
    const [address] = await asking.until('stderr', /http:\S+\/auth\?\S+/);
    const { origin } = new URL(new URL(address).searchParams.get('redirect_uri')!);
    const person = new KeycloakBrowser(origin, (account) => keycloak.passwordOf(account));
    await person.send(await person.throughIssuer(address, 'analyst'));
    expect(await asking.exited).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('SVID'),
    });
  });

  describe('a session', () => {
    it('is of who signed in, and gets an answer that verifies', async () => {
      const person = await signedIn('analyst');
      expect((await person.fetch('/v1/me')).json()).toMatchObject({
        account: 'analyst',
        issuer: keycloak.issuer,
        roles: ['analyst'],
        clientId: 'mesh-gateway',
        userAuthentication: { acr: '1', amr: ['pwd'] },
        session: {},
      });
      const nonce = randomBytes(16).toString('base64url');
      const request = asked(nonce);
      const answer = await person.fetch('/v1/research', request);
      expect(answer.status).toBe(200);
      const trust = parseTrustDocument((await person.send('/v1/trust')).text);
      const { nodes } = await verifyAnswer(answer.text, trust, {
        now: new Date(),
        call: {
          audience: 'mesh-gateway',
          request: await requestDigest({
            method: 'POST',
            path: '/v1/research',
            nonce,
            body: JSON.parse(request.body),
          }),
        },
      });
      expect(nodes.map(({ statement }) => String(statement.iss).split('/').at(-1))).toEqual([
        'gateway',
        'researcher',
        'writer',
      ]);
    });

    it('goes on by refresh tokens that work once', async () => {
      await keycloak.setTokenLifetime('mesh-gateway', 2);
      try {
        const person = await signedIn('analyst');
        // The third one needs what the second one gave.
        while ((await keycloak.countOf('REFRESH_TOKEN')) < 3) {
          expect((await person.fetch('/v1/me')).status).toBe(200);
        }
        expect(await keycloak.countOf('REFRESH_TOKEN_ERROR')).toBe(0);
      } finally {
        await keycloak.setTokenLifetime('mesh-gateway', undefined);
      }
    });

    it('ends at the mesh and at Keycloak by signing out', async () => {
      const person = await signedIn('analyst');
      const cookies = structuredClone(person.cookies.get('localhost'));
      const out = await person.fetch('/sign-out', { method: 'POST' });
      expect(out.status).toBe(200);
      // Keycloak asks whether to sign out, unless the end of the refresh token got there first.
      const done = await person.throughIssuer(
        (out.json() as { location: string }).location,
        'analyst',
      );
      expect(new URL(done).pathname).toBe('/signed-out');

      person.cookies.set('localhost', cookies!);
      expect((await person.fetch('/v1/me')).json()).toMatchObject({ code: 'ERR_SESSION_ENDED' });
      person.cookies.delete('localhost');
      const again = await person.send('/sign-in');
      expect((await person.send(again.location!)).text).toContain('type="password"');
    });

    it('ends when Keycloak ends it', async () => {
      const person = await signedIn('reader');
      const other = await signedIn('analyst');
      await keycloak.signOut('reader');
      expect((await person.fetch('/v1/me')).json()).toMatchObject({ code: 'ERR_SESSION_ENDED' });
      expect((await other.fetch('/v1/me')).status).toBe(200);
    });

    it('is not begun for a person without a role', async () => {
      const stranger = browser();
      const { location } = await stranger.send(await stranger.atCallback('stranger'));
      const { pathname, searchParams } = new URL(location!);
      expect([pathname, searchParams.get('code')]).toEqual([
        '/sign-in-failed',
        'ERR_ACCESS_TOKEN_PERSON',
      ]);
    });
  });

  it('no token and no password stands in the log', async () => {
    const passwords = ['analyst', 'reader', 'stranger'].map((name) => keycloak.passwordOf(name));
    for (const one of await Promise.all(passwords)) expect(mesh.stdout).not.toContain(one);
    expect(mesh.stdout).not.toMatch(/eyJ[\w-]{20,}/);
  });
});
