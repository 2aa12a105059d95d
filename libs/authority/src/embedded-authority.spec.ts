import { lstat, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  Client,
  credentials,
  logVerbosity,
  Metadata,
  setLogVerbosity,
  status,
} from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  SpiffeId,
  TrustDomain,
  verifyPeer,
  WorkloadApiClient,
  workloadApiService,
  X509Bundle,
  type X509Context,
  type X509Svid,
} from '@mesh/identity';
import { FakeClock, mintCa, Queue } from '@test/kit';
import { EmbeddedAuthority, type EmbeddedAuthorityOptions } from './embedded-authority.js';

const trustDomain = TrustDomain.parse('mesh.local');
const idOf = (name: string) => SpiffeId.fromPath(trustDomain, `/ns/agents/sa/${name}`);
const writer = { name: 'writer', id: idOf('writer') };
const gateway = { name: 'gateway', id: idOf('gateway') };
const HOUR = 3_600_000;
const code = (expected: string) => expect.objectContaining({ code: expected });

let directory: string;
let clock: FakeClock;
let authorities: EmbeddedAuthority[];
let clients: WorkloadApiClient[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'authority-'));
  // At a whole second: certificates know no smaller part.
  clock = new FakeClock(Math.floor(Date.now() / 1000) * 1000);
  authorities = [];
  clients = [];
});
afterEach(async () => {
  clients.forEach((client) => client.close());
  authorities.forEach((authority) => authority.close());
  await rm(directory, { recursive: true, force: true });
});

async function start(more: Partial<EmbeddedAuthorityOptions> = {}): Promise<EmbeddedAuthority> {
  const authority = await EmbeddedAuthority.start({
    trustDomain,
    directory,
    workloads: [writer],
    clock,
    ...more,
  });
  authorities.push(authority);
  return authority;
}

function clientOf(authority: EmbeddedAuthority, name = 'writer'): WorkloadApiClient {
  const client = new WorkloadApiClient({ address: authority.socketOf(name), clock });
  clients.push(client);
  return client;
}

/** What the workload gets on one open stream. */
function watch(authority: EmbeddedAuthority, name = 'writer') {
  const updates = new Queue<X509Context>();
  const withdrawals = new Queue<string>();
  clientOf(authority, name).watchX509Context({
    onUpdate: (context) => updates.push(context),
    onWithdrawn: (error) => withdrawals.push(error.code),
    onError: () => {},
    onEnd: () => {},
  });
  return { updates, withdrawals };
}

function svidOf({ svids: [svid] }: X509Context): X509Svid {
  if (svid === undefined) throw new Error('no SVID');
  return svid;
}
const caCount = (context: X509Context) =>
  context.bundles.getX509BundleForTrustDomain(trustDomain).authorities.length;
const verified = (context: X509Context) =>
  verifyPeer(svidOf(context).certificates, context.bundles, new Date(clock.now()));

describe('Workload API', () => {
  it('gives each workload its own SVID and the bundle that vouches for it', async () => {
    const authority = await start({ workloads: [writer, gateway] });
    for (const { name, id } of [writer, gateway]) {
      const context = await clientOf(authority, name).fetchX509Context();
      expect(context.svids).toHaveLength(1);
      expect(verified(context).id.equals(id)).toBe(true);
    }
  });

  it('listens on one socket a workload with mode 0600 in a folder with mode 0700', async () => {
    const folder = join(directory, 'a b', 'sockets');
    const authority = await start({ directory: folder, workloads: [writer, gateway] });
    expect((await lstat(folder)).mode & 0o777).toBe(0o700);
    for (const name of ['writer', 'gateway']) {
      const socket = await lstat(join(folder, `${name}.sock`));
      expect(socket.isSocket()).toBe(true);
      expect(socket.mode & 0o777).toBe(0o600);
    }
    expect(authority.socketOf('writer')).toContain('/a%20b/sockets/writer.sock');
    await clientOf(authority).fetchX509Context();
  });

  it.each([
    ['no', []],
    ['a wrong', ['false']],
    ['a differently written', ['True']],
    ['a doubled', ['true', 'true']],
  ])('refuses a call with %s security metadata', async (_, values) => {
    const authority = await start();
    const client = new Client(authority.socketOf('writer'), credentials.createInsecure());
    const metadata = new Metadata();
    for (const value of values) metadata.add('workload.spiffe.io', value);
    for (const { path, requestSerialize } of Object.values(workloadApiService)) {
      const ended = await new Promise((done) => {
        client
          .makeServerStreamRequest(path, requestSerialize, (bytes) => bytes, {}, metadata)
          .on('error', () => {})
          .on('status', ({ code }) => done(code))
          .resume();
      });
      expect(ended).toBe(status.INVALID_ARGUMENT);
    }
    client.close();
  });

  it('gives federated bundles to all', async () => {
    const ca = await mintCa({ trustDomain: 'other.test' });
    const foreign = X509Bundle.parse(TrustDomain.parse('other.test'), ca.certificateDer);
    const authority = await start({ federation: [foreign] });
    const { bundles } = await clientOf(authority).fetchX509Context();
    expect(bundles.get(foreign.trustDomain)?.equals(foreign)).toBe(true);
    const all = await clientOf(authority).fetchX509Bundles();
    expect(all.bundles().map((bundle) => bundle.trustDomain.name)).toEqual([
      'mesh.local',
      'other.test',
    ]);
    expect(all.get(trustDomain)?.equals(authority.bundle())).toBe(true);
  });
});

describe('rotation of SVIDs', () => {
  it.each([6, 3600])('comes at half of %d seconds, over the stream that is open', async (ttl) => {
    const authority = await start({ svidTtlSeconds: ttl, caTtlSeconds: 86_400 });
    const { updates } = watch(authority);
    let before = svidOf(await updates.next());
    for (let rotation = 0; rotation < 3; rotation++) {
      expect(before.notAfter.getTime() - clock.now()).toBe(ttl * 1000);
      clock.advance((ttl * 1000) / 2 - 1);
      expect(updates.unread).toHaveLength(0);
      clock.advance(1);
      const after = svidOf(await updates.next());
      expect(after.serialNumber).not.toBe(before.serialNumber);
      expect(after.leaf.publicKeyInfo).not.toEqual(before.leaf.publicKeyInfo);
      before = after;
    }
  });

  it('can be asked for', async () => {
    const authority = await start();
    const { updates } = watch(authority);
    const before = svidOf(await updates.next());
    authority.rotateSvids();
    expect(svidOf(await updates.next()).serialNumber).not.toBe(before.serialNumber);
  });

  it('comes right after the machine slept', async () => {
    const authority = await start({ caTtlSeconds: 86_400 });
    const { updates } = watch(authority);
    await updates.next();
    clock.jump(7 * 24 * HOUR);
    clock.advance(30_000);
    let context: X509Context;
    do context = await updates.next();
    while (svidOf(context).notAfter.getTime() < clock.now());
    expect(verified(context).id.equals(writer.id)).toBe(true);
  });
});

describe('rotation of the CA', () => {
  it('overlaps: prepare, activate, remove', async () => {
    const authority = await start();
    const bundles: number[] = [];
    const stop = authority.onBundle(({ authorities: { length } }) => bundles.push(length));
    const { updates } = watch(authority);
    const first = await updates.next();
    authority.prepareCa();
    const prepared = await updates.next();
    expect(caCount(prepared)).toBe(2);
    expect(svidOf(prepared).serialNumber).toBe(svidOf(first).serialNumber);
    authority.activateCa();
    const activated = await updates.next();
    expect(caCount(activated)).toBe(2);
    expect(verified(activated).authority.subject).not.toBe(verified(first).authority.subject);
    authority.removeOldCa();
    const removed = await updates.next();
    expect(caCount(removed)).toBe(1);
    expect(svidOf(removed).serialNumber).toBe(svidOf(activated).serialNumber);
    expect(verified(removed).id.equals(writer.id)).toBe(true);
    expect(() =>
      verifyPeer(svidOf(first).certificates, removed.bundles, new Date(clock.now())),
    ).toThrow(code('ERR_CHAIN_UNTRUSTED'));
    expect(bundles).toEqual([2, 1]);
    stop();
    authority.prepareCa();
    expect(bundles).toEqual([2, 1]);
  });

  it('goes on when a listener throws', async () => {
    const warnings: string[] = [];
    const log = { info: () => {}, warn: (_: object, message: string) => warnings.push(message) };
    const authority = await start({ log });
    const { updates } = watch(authority);
    await updates.next();
    const heard: number[] = [];
    authority.onBundle(() => {
      throw new Error('disk full');
    });
    authority.onBundle(({ authorities: { length } }) => heard.push(length));
    authority.prepareCa();
    expect(caCount(await updates.next())).toBe(2);
    expect(heard).toEqual([2]);
    expect(warnings.at(-1)).toBe('A listener of the embedded authority threw');
  });

  it('goes in this order alone', async () => {
    const authority = await start();
    expect(() => authority.activateCa()).toThrow(code('ERR_AUTHORITY_CA_STATE'));
    expect(() => authority.removeOldCa()).toThrow(code('ERR_AUTHORITY_CA_STATE'));
    authority.prepareCa();
    expect(() => authority.prepareCa()).toThrow(code('ERR_AUTHORITY_CA_STATE'));
    expect(() => authority.removeOldCa()).toThrow(code('ERR_AUTHORITY_CA_STATE'));
    authority.activateCa();
    authority.removeOldCa();
    expect(authority.bundle().authorities).toHaveLength(1);
  });

  it('goes by itself before the CA expires, and no SVID outlives its CA', async () => {
    const authority = await start({ svidTtlSeconds: 40, caTtlSeconds: 80 });
    const digests: string[] = [];
    authority.onBundle(({ digest }) => digests.push(digest));
    const counts: number[] = [];
    const client = clientOf(authority);
    for (let second = 0; second < 80; second += 2) {
      const context = await client.fetchX509Context();
      const chain = verified(context);
      expect(svidOf(context).notAfter.getTime()).toBeGreaterThan(clock.now());
      expect(svidOf(context).notAfter.getTime()).toBeLessThanOrEqual(
        chain.authority.notAfter.getTime(),
      );
      counts.push(caCount(context));
      clock.advance(2000);
    }
    // Two CAs from half of the first one's time on.
    expect(counts.slice(0, 20).every((count) => count === 1)).toBe(true);
    expect(counts.slice(20).every((count) => count === 2)).toBe(true);
    // The first one leaves when it has expired; by then the second one is followed too.
    clock.advance(1000);
    expect(new Set(digests).size).toBe(3);
    expect(authority.bundle().authorities).toHaveLength(2);
  });
});

describe('removal of a workload', () => {
  it('ends its streams with PermissionDenied, and its socket stays and answers so', async () => {
    const authority = await start({ workloads: [writer, gateway] });
    const { updates, withdrawals } = watch(authority);
    await updates.next();
    authority.removeWorkload('writer');
    expect(await withdrawals.next()).toBe('ERR_WORKLOAD_API_DENIED');
    expect((await lstat(join(directory, 'writer.sock'))).isSocket()).toBe(true);
    const client = clientOf(authority);
    await expect(client.fetchX509Context()).rejects.toEqual(code('ERR_WORKLOAD_API_DENIED'));
    await expect(client.fetchX509Bundles()).rejects.toEqual(code('ERR_WORKLOAD_API_DENIED'));
    await clientOf(authority, 'gateway').fetchX509Context();
    clock.advance(HOUR);
    await expect(client.fetchX509Context()).rejects.toEqual(code('ERR_WORKLOAD_API_DENIED'));
  });

  it('can be undone', async () => {
    const authority = await start();
    authority.removeWorkload('writer');
    await authority.addWorkload({ ...writer, id: idOf('editor') });
    const context = await clientOf(authority).fetchX509Context();
    expect(svidOf(context).id.equals(idOf('editor'))).toBe(true);
  });
});

describe('registration', () => {
  it('opens a socket while the authority runs', async () => {
    const authority = await start();
    await authority.addWorkload(gateway);
    const context = await clientOf(authority, 'gateway').fetchX509Context();
    expect(svidOf(context).id.equals(gateway.id)).toBe(true);
  });

  it.each(['', '.', '..', 'a/b', '../writer', 'a.b', '-a', 'a-', 'ä', 'a'.repeat(64)])(
    'refuses %j as a name',
    async (name) => {
      await expect(start({ workloads: [{ ...writer, name }] })).rejects.toEqual(
        code('ERR_AUTHORITY_WORKLOAD_NAME'),
      );
    },
  );

  it.each(['spiffe://mesh.local', 'spiffe://other.local/writer'])(
    'refuses %s as an ID',
    async (id) => {
      await expect(start({ workloads: [{ ...writer, id: SpiffeId.parse(id) }] })).rejects.toEqual(
        code('ERR_AUTHORITY_WORKLOAD_ID'),
      );
    },
  );

  it('refuses a name twice, also while the first is being opened', async () => {
    await expect(start({ workloads: [writer, writer] })).rejects.toEqual(
      code('ERR_AUTHORITY_WORKLOAD_EXISTS'),
    );
    const authority = await start();
    const both = await Promise.allSettled([
      authority.addWorkload(gateway),
      authority.addWorkload(gateway),
    ]);
    expect(both.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });

  it('does not know a workload that was not registered', async () => {
    const authority = await start();
    expect(() => authority.socketOf('gateway')).toThrow(code('ERR_AUTHORITY_WORKLOAD_UNKNOWN'));
    expect(() => authority.removeWorkload('gateway')).toThrow(
      code('ERR_AUTHORITY_WORKLOAD_UNKNOWN'),
    );
  });
});

describe('EmbeddedAuthority.start', () => {
  it('refuses production before it touches anything', async () => {
    const folder = join(directory, 'sockets');
    await expect(start({ directory: folder, environment: 'production' })).rejects.toEqual(
      code('ERR_AUTHORITY_PRODUCTION'),
    );
    await expect(lstat(folder)).rejects.toThrow('ENOENT');
  });

  it('refuses a trust domain that is not for development', async () => {
    await expect(start({ trustDomain: TrustDomain.parse('example.com') })).rejects.toEqual(
      code('ERR_AUTHORITY_TRUST_DOMAIN'),
    );
  });

  it.each([
    [1, undefined],
    [604_801, undefined],
    [Number.NaN, undefined],
    [3600, 7199],
    [3600, 31_536_001],
    [3600, Number.NaN],
  ])('refuses an SVID of %d and a CA of %d seconds', async (svidTtlSeconds, caTtlSeconds) => {
    await expect(
      start({ svidTtlSeconds, ...(caTtlSeconds === undefined ? {} : { caTtlSeconds }) }),
    ).rejects.toEqual(code('ERR_AUTHORITY_TTL'));
  });

  it.each([
    [2, 4],
    [604_800, 31_536_000],
  ])('takes an SVID of %d and a CA of %d seconds', async (svidTtlSeconds, caTtlSeconds) => {
    await start({ svidTtlSeconds, caTtlSeconds });
  });

  it('refuses a federated bundle of its own trust domain, or two of another', async () => {
    const ca = await mintCa({ trustDomain: 'other.test' });
    const own = X509Bundle.parse(trustDomain, ca.certificateDer);
    const foreign = X509Bundle.parse(TrustDomain.parse('other.test'), ca.certificateDer);
    for (const federation of [[own], [foreign, foreign]]) {
      await expect(start({ federation })).rejects.toEqual(code('ERR_AUTHORITY_FEDERATION'));
    }
  });

  it('says once that this process holds every key', async () => {
    const warnings: string[] = [];
    const log = { info: () => {}, warn: (_: object, message: string) => warnings.push(message) };
    const authority = await start({ log });
    authority.prepareCa();
    authority.activateCa();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/development alone.*holds every key/);
  });

  it('takes over a folder with sockets that nobody answers on, and none in use', async () => {
    const authority = await start();
    await expect(start()).rejects.toEqual(code('ERR_AUTHORITY_SOCKET_IN_USE'));
    await clientOf(authority).fetchX509Context();
    authority.close();
    await start();
  });

  it('closes what it opened when it fails', async () => {
    await writeFile(join(directory, 'gateway.sock'), '');
    await expect(start({ workloads: [writer, gateway] })).rejects.toEqual(
      code('ERR_AUTHORITY_SOCKET_OCCUPIED'),
    );
    await expect(lstat(join(directory, 'writer.sock'))).rejects.toThrow('ENOENT');
    expect(clock.waits).toEqual([]);
  });
});

describe('close', () => {
  it('cuts streams, removes sockets and timers, and may be called twice', async () => {
    const authority = await start();
    const { updates, withdrawals } = watch(authority);
    await updates.next();
    authority.close();
    authority.close();
    await expect(lstat(join(directory, 'writer.sock'))).rejects.toThrow('ENOENT');
    expect(withdrawals.unread).toEqual([]);
    for (const call of [
      () => authority.rotateSvids(),
      () => authority.prepareCa(),
      () => authority.activateCa(),
      () => authority.removeOldCa(),
    ]) {
      expect(call).toThrow(code('ERR_AUTHORITY_CLOSED'));
    }
    await expect(authority.addWorkload(gateway)).rejects.toEqual(code('ERR_AUTHORITY_CLOSED'));
  });

  it('leaves no socket of a workload that was being added', async () => {
    const authority = await start();
    const adding = authority.addWorkload(gateway);
    authority.close();
    await expect(adding).rejects.toEqual(code('ERR_AUTHORITY_CLOSED'));
    await expect(lstat(join(directory, 'gateway.sock'))).rejects.toThrow('ENOENT');
    expect(clock.waits).toEqual([]);
  });

  it('names the cause when a socket cannot be opened', async () => {
    const authority = await start();
    await rm(directory, { recursive: true });
    // grpc-js would print it as well.
    setLogVerbosity(logVerbosity.NONE);
    await expect(authority.addWorkload(gateway)).rejects.toEqual(
      code('ERR_AUTHORITY_SOCKET_FAILED'),
    );
    setLogVerbosity(logVerbosity.ERROR);
    await mkdir(directory, { mode: 0o700 });
    await authority.addWorkload(gateway);
  });
});
