import { connect } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import {
  authorizeId,
  authorizeMemberOf,
  createMtlsPool,
  TrustDomain,
  X509Bundle,
  X509Svid,
  type HandshakeEvent,
} from '@mesh/identity';
import { mintCa, type MintedCa } from '@test/kit';
import { createLocalJWKSet, jwtVerify, type JSONWebKeySet } from 'jose';
import { signInAs } from './client/sign-in-as.js';
import { EmbeddedIssuer } from './embedded-issuer.js';
import { SamplePasswords } from './sample-passwords.js';

const resource = 'https://mesh.local/api';
const passwords = SamplePasswords.random();
const trustDomain = TrustDomain.parse('mesh.local');

describe('the listener for agents', () => {
  let bundle: X509Bundle;
  let issuerSvid: X509Svid;
  let ttsSvid: X509Svid;
  let strangerSvid: X509Svid;
  beforeAll(async () => {
    const ca = await mintCa({ trustDomain: 'mesh.local' });
    const other = await mintCa({ trustDomain: 'other.test' });
    bundle = X509Bundle.parse(trustDomain, ca.certificateDer);
    const svid = async (from: MintedCa, path: string) => {
      const uri = `spiffe://${from.trustDomain}${path}`;
      const { chainDer, keyDer } = await from.issue({ uri });
      return X509Svid.parse(chainDer, keyDer);
    };
    issuerSvid = await svid(ca, '/ns/agents/sa/issuer');
    ttsSvid = await svid(ca, '/ns/agents/sa/tts');
    strangerSvid = await svid(other, '/ns/agents/sa/tts');
  });

  const cleanups: (() => unknown)[] = [];
  afterEach(async () => {
    for (const clean of cleanups.splice(0).reverse()) await clean();
  });

  async function start(log?: (event: HandshakeEvent) => void): Promise<EmbeddedIssuer> {
    const issuer = await EmbeddedIssuer.start({
      port: 0,
      resource,
      passwords,
      agents: {
        svids: issuerSvid,
        bundles: bundle,
        authorizer: authorizeMemberOf(trustDomain),
        port: 0,
        ...(log === undefined ? {} : { log }),
      },
    });
    cleanups.push(() => issuer.close());
    return issuer;
  }

  async function get(issuer: EmbeddedIssuer, path: string, svid = ttsSvid, method = 'GET') {
    const pool = createMtlsPool(issuer.agentsUrl!, svid, bundle, authorizeId(issuerSvid.id));
    cleanups.push(() => pool.destroy());
    const { status, body } = await pool.request({ method, path });
    return { status, text: await body.text() };
  }

  it('gives a verified peer the keys that tokens verify with, the rotated ones too', async () => {
    const issuer = await start();
    issuer.rotateKeys();
    const discovery = await get(issuer, '/.well-known/openid-configuration');
    expect(JSON.parse(discovery.text)).toMatchObject({
      issuer: issuer.url,
      jwks_uri: issuer.jwksUri,
    });
    const jwks = JSON.parse((await get(issuer, '/jwks')).text) as JSONWebKeySet;
    expect(jwks.keys).toHaveLength(2);
    expect(JSON.stringify(jwks)).not.toContain('"d"');
    const { accessToken } = await signInAs(issuer.url, 'reader', passwords.of('reader'), {
      scope: 'research:fast',
      resource,
    });
    await jwtVerify(accessToken, createLocalJWKSet(jwks), { issuer: issuer.url, typ: 'at+jwt' });
  });

  it.each(['/auth', '/session/end', '/interaction/x', '/', '/jwks?x'])(
    'does not serve %s',
    async (path) => {
      expect((await get(await start(), path)).status).toBe(404);
    },
  );

  it('answers GET alone', async () => {
    expect((await get(await start(), '/jwks', ttsSvid, 'POST')).status).toBe(405);
  });

  it('refuses a peer of another trust domain', async () => {
    const events: HandshakeEvent[] = [];
    const issuer = await start((event) => void events.push(event));
    await expect(get(issuer, '/jwks', strangerSvid)).rejects.toThrow();
    expect(events.map(({ outcome }) => outcome)).toEqual(['refused']);
  });

  it('refuses who shows no certificate', async () => {
    const issuer = await start();
    const { hostname, port } = new URL(issuer.agentsUrl!);
    const socket = connect({ host: hostname, port: Number(port), rejectUnauthorized: false });
    const answer = await new Promise<string>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => (text += String(chunk)));
      socket.on('error', () => resolve(text));
      socket.on('close', () => resolve(text));
      socket.write('GET /jwks HTTP/1.1\r\nHost: x\r\n\r\n');
    });
    expect(answer).toBe('');
  });

  it('is not there unless it is asked for', async () => {
    const issuer = await EmbeddedIssuer.start({ port: 0, resource, passwords });
    cleanups.push(() => issuer.close());
    expect(issuer.agentsUrl).toBeUndefined();
  });
});
