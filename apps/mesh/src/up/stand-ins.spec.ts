import { createPrivateKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { AgentDirectory, AgentFile, loadConfig } from '@mesh/agent';
import {
  authorizeId,
  createMtlsPool,
  serializeBundleDocument,
  SpiffeId,
  TrustDomain,
  X509Bundle,
  X509Source,
} from '@mesh/identity';
import { SamplePasswords, signInAs } from '@mesh/issuer';
import { createLogger } from '@mesh/observability';
import { parseArchiveDocument, parseTrustDocument } from '@mesh/provenance';
import { FileSecretSource } from '@mesh/secrets';
import { mintCa } from '@test/kit';
import { decodeJwt } from 'jose';
import { StateFolder } from '../state/state-folder.js';
import { issuerFault } from './issuer-fault.js';
import { closingOrder } from './mesh.js';
import { startStandIns, type StandIns } from './stand-ins.js';

const ISSUER_ID = 'spiffe://mesh.local/ns/mesh/sa/issuer';

let folder: string;
let state: StateFolder;
let lines: Record<string, unknown>[];
const cleanups: (() => unknown)[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-'));
  state = new StateFolder(join(folder, 'state'));
  state.prepare();
  lines = [];
});
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
  rmSync(folder, { recursive: true });
});

async function start(
  env: Record<string, string> = {},
  agents = directoryOf,
  gatewayUrl?: () => string | undefined,
): Promise<StandIns> {
  const config = loadConfig({ cwd: folder, env: { MESH_STATE: state.path, ...env } });
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      for (const line of chunk.toString().trim().split('\n')) lines.push(JSON.parse(line));
      done();
    },
  });
  const standIns = await startStandIns({
    config,
    directory: agents(config),
    state,
    logger: createLogger({ level: 'info', format: 'json', destination }),
    secrets: new FileSecretSource(state.secrets),
    anyPort: true,
    ...(gatewayUrl ? { gatewayUrl } : {}),
  });
  cleanups.push(() => standIns.close());
  return standIns;
}

/** The project's own agents: whoever makes another one in apps/ does not break these tests. */
const directoryOf = ({ agents, trustDomain }: ReturnType<typeof loadConfig>) => {
  const directory = AgentDirectory.load(agents, trustDomain);
  const own = ['gateway', 'researcher', 'tts', 'writer'];
  return AgentDirectory.of(
    own.map((name) => directory.get(name)),
    trustDomain,
  );
};

async function keysAs(standIns: StandIns, workload: string): Promise<number> {
  const source = await X509Source.create({ address: standIns.socketOf(workload) });
  cleanups.push(() => source.close());
  const pin = authorizeId(SpiffeId.parse(ISSUER_ID));
  const pool = createMtlsPool(standIns.issuer!.agents.url, source, source, pin);
  cleanups.push(() => pool.destroy());
  const { status, body } = await pool.request({ method: 'GET', path: '/jwks' });
  await body.text();
  return status;
}

describe('the stand-ins', () => {
  it('sign people in: with the passwords of a file for this user alone, for the API of this mesh', async () => {
    const { issuer, issuerUrl } = await start();
    expect(issuerUrl).toMatch(/^http:\/\/mesh\.localhost:\d+$/);
    expect(statSync(state.passwordsFile).mode & 0o777).toBe(0o600);
    const passwords = await SamplePasswords.open(state.passwordsFile);
    const { accessToken } = await signInAs(issuer!.url, 'reader', passwords.of('reader'), {
      scope: 'research:fast',
      resource: 'https://mesh.local/api',
    });
    expect(decodeJwt(accessToken)).toMatchObject({ iss: issuerUrl, sub: 'reader' });
    expect(await issuerFault(issuerUrl)).toBeUndefined();
    expect(await issuerFault(issuerUrl.replace('mesh.', 'other.'))).toBe(
      'it answers with status 421',
    );
    expect(lines.filter((line) => 'dropped' in line)).toEqual([]);
    expect(JSON.stringify(lines)).not.toContain(passwords.of('reader'));
  });

  it('know the gateway as a client that needs its SVID, at the address that people open', async () => {
    const gateway: { url?: string } = {};
    const { issuer, issuerUrl } = await start({}, directoryOf, () => gateway.url);
    const passwords = await SamplePasswords.open(state.passwordsFile);
    const signIn = (redirectUri: string) =>
      signInAs(issuer!.url, 'reader', passwords.of('reader'), {
        scope: 'openid research:fast',
        resource: 'https://mesh.local/api',
        clientId: 'mesh-gateway',
        redirectUri,
      });
    const callback = 'http://mesh.localhost:4321/sign-in/callback';
    await expect(signIn(callback)).rejects.toMatchObject({ oauthError: 'invalid_client' });
    gateway.url = 'http://127.0.0.1:4321';
    await expect(signIn('http://127.0.0.1:4321/sign-in/callback')).rejects.toMatchObject({
      oauthError: 'invalid_redirect_uri',
    });
    // It gets as far as the code, which is redeemed with the SVID alone.
    const redeemed = await signIn(callback).catch((error: unknown) => error);
    expect(redeemed).toMatchObject({ oauthError: 'invalid_client' });
    expect(lines).toContainEqual(
      expect.objectContaining({ name: 'reader', msg: 'Embedded issuer: signed in' }),
    );
    expect(issuer!.welcome()).toMatch(new RegExp(`^${issuerUrl}/welcome/[\\w-]{43}$`));
  });

  it('give the keys, over mTLS, to agents that verify access tokens and to no other', async () => {
    const standIns = await start();
    expect(await keysAs(standIns, 'gateway')).toBe(200);
    expect(await keysAs(standIns, 'tts')).toBe(200);
    await expect(keysAs(standIns, 'writer')).rejects.toThrow();
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'handshake', outcome: 'refused', side: 'server' }),
    );
  });

  it('know of the agents what they do for people and for whom, and who verifies access tokens', async () => {
    const files = [
      'name: gateway\nidentity: /gateway\nport: 4101\nsessionClient: web',
      'name: note\nidentity: /note\nport: 4102\nactsFor: { roles: [reader] }\n' +
        'actions: { note:read: { callers: [gateway] }, note:ping: { callers: [gateway], delegated: false } }',
      'name: book\nidentity: /book\nport: 4103\nactsFor: { roles: [analyst] }\n' +
        'actions: { book:read: { callers: [gateway] }, note:read: { callers: [gateway] } }',
    ].map((text) => AgentFile.parse(text));
    const standIns = await start({}, ({ trustDomain }) => AgentDirectory.of(files, trustDomain));
    const passwords = await SamplePasswords.open(state.passwordsFile);
    const scopeOf = async (account: string, scope = 'research:fast note:read book:read') => {
      const { accessToken } = await signInAs(standIns.issuerUrl, account, passwords.of(account), {
        scope,
        resource: 'https://mesh.local/api',
      });
      return decodeJwt(accessToken)['scope'];
    };
    // Of the action that both serve, the roles of both.
    expect(await scopeOf('reader')).toBe('research:fast note:read');
    expect(await scopeOf('analyst')).toBe('research:fast note:read book:read');
    expect(await scopeOf('admin')).toBe('research:fast');
    await expect(scopeOf('analyst', 'note:ping')).rejects.toMatchObject({
      oauthError: 'invalid_scope',
    });
    expect(await keysAs(standIns, 'gateway')).toBe(200);
    await expect(keysAs(standIns, 'note')).rejects.toThrow();
  });

  it('tell the processes of agents where they are', async () => {
    const standIns = await start();
    expect(standIns.environmentOf('writer')).toEqual({
      SPIFFE_ENDPOINT_SOCKET: standIns.socketOf('writer'),
      MESH_ISSUER_URL: standIns.issuerUrl,
      MESH_ISSUER_AGENTS_URL: standIns.issuer!.agents.url,
      MESH_ISSUER_SPIFFE_ID: ISSUER_ID,
    });
  });

  it('are without an issuer where people sign in at another one', async () => {
    const standIns = await start({ MESH_ISSUER_URL: 'https://login.example.org' });
    expect(standIns.issuer).toBeUndefined();
    expect(standIns.issuerUrl).toBe('https://login.example.org');
    expect(Object.keys(standIns.environmentOf('writer'))).toEqual(['SPIFFE_ENDPOINT_SOCKET']);
    expect(() => standIns.socketOf('issuer')).toThrow();
    expect(() => statSync(state.passwordsFile)).toThrow();
  });

  it("make the gateway's own key for another issuer, once, and none for the embedded one", async () => {
    const secrets = new FileSecretSource(state.secrets);
    const elsewhere = { MESH_ISSUER_URL: 'https://login.example.org' };
    await (await start()).close();
    expect(await secrets.list()).not.toContain('client-key');
    await (await start(elsewhere)).close();
    const key = (await secrets.get('client-key')).secret.reveal();
    const { asymmetricKeyDetails } = createPrivateKey({
      key: Buffer.from(key, 'base64'),
      format: 'der',
      type: 'pkcs8',
    });
    expect(asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    await start(elsewhere);
    expect((await secrets.get('client-key')).secret.reveal()).toBe(key);
  });

  it('hand out the bundles of federated trust domains', async () => {
    const { certificateDer } = await mintCa({ trustDomain: 'partner.test' });
    const partner = TrustDomain.parse('partner.test');
    const document = serializeBundleDocument({
      trustDomain: partner,
      x509Authorities: X509Bundle.parse(partner, certificateDer).authorities,
    });
    mkdirSync(join(folder, 'federation'));
    writeFileSync(join(folder, 'federation/partner.test.json'), document);
    const standIns = await start({ MESH_FEDERATION: join(folder, 'federation') });
    const source = await X509Source.create({ address: standIns.socketOf('writer') });
    cleanups.push(() => source.close());
    expect(source.getX509BundleForTrustDomain(partner).authorities).toHaveLength(1);
  });

  it('keep the key of the pseudonyms and the passwords from one run to the next', async () => {
    const files = () =>
      [join(state.secrets, 'pseudonyms'), state.passwordsFile].map((file) =>
        readFileSync(file, 'utf8'),
      );
    await (await start()).close();
    const before = files();
    expect(before[0]).toMatch(/^[\w-]{43}\n$/);
    await start();
    expect(files()).toEqual(before);
  });

  it('keep what answers are verified against: the CA of the first run is in the archive of the second', async () => {
    const trust = () => parseTrustDocument(readFileSync(state.trustFile, 'utf8'));
    const archive = () => parseArchiveDocument(readFileSync(state.archiveFile, 'utf8'));
    await (await start()).close();
    const [first] = trust().bundle.x509Authorities;
    expect(trust().root.toString()).toBe('spiffe://mesh.local/ns/agents/sa/gateway');
    expect(trust().edges.map(({ caller, callee }) => `${caller.path} ${callee.path}`)).toEqual([
      '/ns/agents/sa/gateway /ns/agents/sa/researcher',
      '/ns/agents/sa/researcher /ns/agents/sa/writer',
    ]);
    expect(archive().authorities).toEqual([]);
    await start();
    expect(trust().bundle.x509Authorities).not.toContainEqual(first);
    expect(archive().authorities).toMatchObject([{ status: 'retired' }]);
    expect(archive().authorities[0]?.certificate.raw).toEqual(first?.raw);
  });

  it('are closed by who starts them, also when they cannot all start', async () => {
    const { issuerUrl } = await start();
    const port = new URL(issuerUrl).port;
    const config = loadConfig({
      cwd: folder,
      env: { MESH_STATE: join(folder, 'other'), MESH_ISSUER_PORT: port },
    });
    const other = new StateFolder(config.state);
    other.prepare();
    const options = {
      config,
      directory: directoryOf(config),
      state: other,
      logger: createLogger({ level: 'silent', format: 'json' }),
      secrets: new FileSecretSource(other.secrets),
    };
    await expect(startStandIns(options)).rejects.toMatchObject({ code: 'ERR_ISSUER_LISTEN' });
    // Its sockets are free again.
    const again = await startStandIns({ ...options, anyPort: true });
    expect(await issuerFault(again.issuerUrl)).toBeUndefined();
    await again.close();
    await again.close();
    expect(await issuerFault(again.issuerUrl)).toBeDefined();
  });
});

describe('the order of closing', () => {
  it('has callers before those they call, and last who issues the tokens of all', () => {
    const config = loadConfig({ cwd: folder, env: {} });
    expect(closingOrder(directoryOf(config))).toEqual(['gateway', 'researcher', 'writer', 'tts']);
  });
});
