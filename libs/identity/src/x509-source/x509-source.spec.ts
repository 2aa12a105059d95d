import { status } from '@grpc/grpc-js';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { MeshError } from '@mesh/errors';
import { SpiffeId, TrustDomain } from '@mesh/spiffe';
import {
  concatenated,
  FakeClock,
  FakeWorkloadApi,
  mintCa,
  type MintedCa,
  Queue,
  svidEntry,
  svidResponse,
} from '@test/kit';
import { WorkloadApiClient } from '../workload-api/workload-api-client.js';
import { pickByHint, pickById } from './svid-picker.js';
import { X509Source, type X509SourceOptions } from './x509-source.js';

const ID = 'spiffe://mesh.test/workload';
const meshTest = TrustDomain.parse('mesh.test');
const otherTest = TrustDomain.parse('other.test');

let ca: MintedCa;
let other: MintedCa;
/** Two messages with different SVIDs; the first has a federated bundle. */
let first: Uint8Array;
let second: Uint8Array;
beforeAll(async () => {
  [ca, other] = await Promise.all([
    mintCa({ trustDomain: 'mesh.test' }),
    mintCa({ trustDomain: 'other.test' }),
  ]);
  first = svidResponse({
    svids: [svidEntry(await ca.issue(), ca.certificateDer, ID)],
    federatedBundles: { 'spiffe://other.test': other.certificateDer },
  });
  second = svidResponse({ svids: [svidEntry(await ca.issue(), ca.certificateDer, ID)] });
});

let api: FakeWorkloadApi;
let clock: FakeClock;
let log: { level: string; message: string; fields: Record<string, unknown> }[];
let sources: X509Source[];
beforeEach(async () => {
  api = await FakeWorkloadApi.start();
  clock = new FakeClock();
  log = [];
  sources = [];
});
afterEach(async () => {
  sources.forEach((source) => source.close());
  await api.close();
});

const options = (): X509SourceOptions => ({
  address: api.address,
  clock,
  log: {
    info: (fields, message) => log.push({ level: 'info', message, fields: { ...fields } }),
    warn: (fields, message) => log.push({ level: 'warn', message, fields: { ...fields } }),
  },
});

function open(more: X509SourceOptions = {}): X509Source {
  const source = X509Source.open({ ...options(), ...more });
  sources.push(source);
  return source;
}

/** The next change of the source. */
const changed = (source: X509Source) =>
  new Promise<void>((done) => {
    const stop = source.onUpdate(() => {
      stop();
      done();
    });
  });

/** The next error of the source. */
const failed = (source: X509Source) =>
  new Promise<MeshError>((done) => {
    const stop = source.onError((error) => {
      stop();
      done(error);
    });
  });

async function connected(more: X509SourceOptions = {}) {
  const source = open(more);
  const call = await api.x509Svids.next();
  call.send(first);
  await source.ready();
  return { source, call };
}

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('X509Source.create', () => {
  it('waits for the first update', async () => {
    const created = X509Source.create(options());
    (await api.x509Svids.next()).send(first);
    const source = await created;
    sources.push(source);
    expect(source.state).toBe('connected');
    expect(source.getX509Svid().id.toString()).toBe(ID);
  });

  it('takes the address from SPIFFE_ENDPOINT_SOCKET', async () => {
    const before = process.env.SPIFFE_ENDPOINT_SOCKET;
    process.env.SPIFFE_ENDPOINT_SOCKET = api.address;
    try {
      sources.push(X509Source.open());
      await api.x509Svids.next();
    } finally {
      if (before === undefined) delete process.env.SPIFFE_ENDPOINT_SOCKET;
      else process.env.SPIFFE_ENDPOINT_SOCKET = before;
    }
  });

  it('waits through a malformed first message', async () => {
    const created = X509Source.create(options());
    const call = await api.x509Svids.next();
    call.send(svidResponse({}));
    call.send(first);
    sources.push(await created);
    expect(log[0]?.fields.code).toBe('ERR_WORKLOAD_API_FIELD_MISSING');
  });

  it('gives up at the signal with its reason, and closes all', async () => {
    const abort = new AbortController();
    const created = X509Source.create({ ...options(), signal: abort.signal });
    const call = await api.x509Svids.next();
    abort.abort(new Error('enough'));
    await expect(created).rejects.toThrow('enough');
    await call.cancelled;
    expect(clock.waits).toEqual([]);
  });

  it('does not begin at an aborted signal', async () => {
    const signal = AbortSignal.abort(new Error('before'));
    await expect(X509Source.create({ ...options(), signal })).rejects.toThrow('before');
  });

  it('fails where the call is refused', async () => {
    const created = X509Source.create(options());
    (await api.x509Svids.next()).end(status.INVALID_ARGUMENT);
    await expect(created).rejects.toEqual(code('ERR_WORKLOAD_API_REFUSED'));
  });

  it('refuses a malformed address', async () => {
    await expect(X509Source.create({ address: 'tcp://localhost:1' })).rejects.toEqual(
      code('ERR_ENDPOINT_HOST'),
    );
  });
});

describe('X509Source', () => {
  it('has nothing before the first update', async () => {
    const source = open();
    expect(source.state).toBe('waiting');
    expect(source.snapshot).toBeUndefined();
    expect(source.x509Bundles()).toEqual([]);
    expect(() => source.getX509Svid()).toThrow(code('ERR_SVID_UNAVAILABLE'));
    expect(() => source.getX509BundleForTrustDomain(meshTest)).toThrow(
      code('ERR_SVID_UNAVAILABLE'),
    );
    await api.x509Svids.next();
  });

  it('serves the bundles of its own and of federated trust domains, each by its name', async () => {
    const { source } = await connected();
    expect(source.getX509BundleForTrustDomain(meshTest).trustDomain.name).toBe('mesh.test');
    expect(source.getX509BundleForTrustDomain(otherTest).authorities[0]?.raw).toEqual(
      other.certificateDer,
    );
    expect(source.x509Bundles()).toHaveLength(2);
    expect(() => source.getX509BundleForTrustDomain(TrustDomain.parse('third.test'))).toThrow(
      code('ERR_BUNDLE_NOT_FOUND'),
    );
  });

  it('swaps its one frozen snapshot whole', async () => {
    const { source, call } = await connected();
    const before = source.snapshot;
    expect(Object.isFrozen(before)).toBe(true);
    const change = changed(source);
    clock.jump(1000);
    call.send(second);
    await change;
    expect(source.snapshot).not.toBe(before);
    expect(source.snapshot?.updatedAt).toBe((before?.updatedAt ?? 0) + 1000);
    expect(source.snapshot?.svid.serialNumber).not.toBe(before?.svid.serialNumber);
    // A bundle that is not in the message is gone.
    expect(before?.bundles.get(otherTest)).toBeDefined();
    expect(() => source.getX509BundleForTrustDomain(otherTest)).toThrow(
      code('ERR_BUNDLE_NOT_FOUND'),
    );
  });

  it('keeps the last good snapshot when an update is rejected', async () => {
    const { source, call } = await connected();
    const before = source.snapshot;
    const failure = failed(source);
    call.send(
      svidResponse({
        svids: [svidEntry(await ca.issue(), ca.certificateDer, 'spiffe://mesh.test/other')],
      }),
    );
    expect((await failure).code).toBe('ERR_WORKLOAD_API_ID_MISMATCH');
    expect(source.snapshot).toBe(before);
    expect(source.state).toBe('connected');
  });

  it('keeps the last good snapshot when a federated bundle would add to its own', async () => {
    const { source, call } = await connected();
    const failure = failed(source);
    call.send(
      svidResponse({
        svids: [svidEntry(await ca.issue(), ca.certificateDer, ID)],
        federatedBundles: { 'spiffe://mesh.test': other.certificateDer },
      }),
    );
    expect((await failure).code).toBe('ERR_WORKLOAD_API_BUNDLE_CONFLICT');
    expect(source.getX509BundleForTrustDomain(meshTest).authorities[0]?.raw).toEqual(
      ca.certificateDer,
    );
  });

  it('counts rotations, not repetitions', async () => {
    const { source, call } = await connected();
    for (const [message, rotations] of [
      [first, 0],
      [second, 1],
      [second, 1],
      [first, 2],
    ] as const) {
      const change = changed(source);
      call.send(message);
      await change;
      expect(source.rotations).toBe(rotations);
    }
  });

  it('refuses an expired SVID, and serves the next one', async () => {
    const { source, call } = await connected();
    const { notAfter } = source.getX509Svid();
    clock.jump(notAfter.getTime() - clock.now());
    expect(source.getX509Svid().notAfter).toEqual(notAfter);
    clock.jump(1);
    expect(() => source.getX509Svid()).toThrow(code('ERR_SVID_EXPIRED'));
    expect(source.getX509BundleForTrustDomain(meshTest)).toBeDefined();
    const next = await ca.issue({ notAfter: new Date(notAfter.getTime() + 60_000) });
    const change = changed(source);
    call.send(svidResponse({ svids: [svidEntry(next, ca.certificateDer, ID)] }));
    await change;
    expect(source.getX509Svid().leaf.raw).toEqual(next.certificateDer);
  });

  it('keeps the last good snapshot when an update has expired', async () => {
    const { source, call } = await connected();
    const before = source.snapshot;
    const notAfter = new Date(clock.now() - 1000);
    const late = await ca.issue({ notBefore: new Date(clock.now() - 60_000), notAfter });
    const failure = failed(source);
    call.send(svidResponse({ svids: [svidEntry(late, ca.certificateDer, ID)] }));
    expect((await failure).code).toBe('ERR_SVID_EXPIRED');
    expect(source.snapshot).toBe(before);
    expect(source.state).toBe('connected');
  });

  it('keeps what it has when the Workload API is lost, and connects again', async () => {
    const { source } = await connected();
    const failure = failed(source);
    api.disconnect();
    expect((await failure).code).toBe('ERR_WORKLOAD_API_UNAVAILABLE');
    expect(source.state).toBe('disconnected');
    expect(source.getX509Svid().id.toString()).toBe(ID);
    await api.listen();
    clock.advance(500);
    const change = changed(source);
    (await api.x509Svids.next()).send(second);
    await change;
    expect(source.state).toBe('connected');
    expect(source.rotations).toBe(1);
  });

  it('loses its identity at once when it is withdrawn, until an update comes', async () => {
    const { source, call } = await connected();
    const change = changed(source);
    call.end(status.PERMISSION_DENIED);
    await change;
    expect(source.state).toBe('withdrawn');
    expect(source.snapshot).toBeUndefined();
    expect(source.x509Bundles()).toEqual([]);
    expect(() => source.getX509Svid()).toThrow(code('ERR_SVID_WITHDRAWN'));
    expect(() => source.getX509BundleForTrustDomain(meshTest)).toThrow(code('ERR_SVID_WITHDRAWN'));
    clock.advance(5000);
    const failure = failed(source);
    (await api.x509Svids.next()).end(status.UNAVAILABLE);
    await failure;
    expect(source.state).toBe('withdrawn');
    clock.advance(30_000);
    const back = changed(source);
    (await api.x509Svids.next()).send(first);
    await back;
    expect(source.state).toBe('connected');
    expect(source.getX509Svid().id.toString()).toBe(ID);
  });

  it('goes on with what it has when the call is refused later', async () => {
    const { source, call } = await connected();
    const failure = failed(source);
    call.end(status.INVALID_ARGUMENT);
    expect((await failure).code).toBe('ERR_WORKLOAD_API_REFUSED');
    expect(source.state).toBe('disconnected');
    expect(source.getX509Svid().id.toString()).toBe(ID);
    await source.ready();
  });

  it('serves the SVID that the picker picks', async () => {
    const second = await ca.issue({ uri: 'spiffe://mesh.test/second' });
    const both = svidResponse({
      svids: [
        svidEntry(await ca.issue(), ca.certificateDer, ID),
        svidEntry(second, ca.certificateDer, 'spiffe://mesh.test/second', 'internal'),
      ],
    });
    for (const picker of [
      pickByHint('internal'),
      pickById(SpiffeId.parse('spiffe://mesh.test/second')),
    ]) {
      const source = open({ picker });
      (await api.x509Svids.next()).send(both);
      await source.ready();
      expect(source.getX509Svid().id.path).toBe('/second');
      expect(source.snapshot?.svids).toHaveLength(2);
    }
  });

  it('rejects an update from which the picker picks nothing', async () => {
    const source = open({ picker: pickByHint('internal') });
    const call = await api.x509Svids.next();
    const entry = svidEntry(await ca.issue(), ca.certificateDer, ID, 'internal');
    call.send(svidResponse({ svids: [entry] }));
    await source.ready();
    const before = source.snapshot;
    const failure = failed(source);
    call.send(svidResponse({ svids: [{ ...entry, hint: 'external' }] }));
    expect((await failure).code).toBe('ERR_SVID_NOT_PICKED');
    expect(source.snapshot).toBe(before);
  });

  it('rejects an update at which the picker breaks', async () => {
    const source = open({
      picker: () => {
        throw new TypeError('broken');
      },
    });
    const failure = failed(source);
    (await api.x509Svids.next()).send(first);
    expect(await failure).toMatchObject({
      code: 'ERR_SVID_NOT_PICKED',
      cause: { message: 'broken' },
    });
    expect(source.state).toBe('waiting');
  });

  it('tells the metrics', async () => {
    const told: unknown[] = [];
    const { source, call } = await connected({
      metrics: {
        connected: (value) => told.push(['connected', value]),
        svidExpiry: (value) => told.push(['expiry', value]),
        rotated: ({ serialNumber }) => told.push(['rotated', serialNumber]),
      },
    });
    const expiry = source.getX509Svid().notAfter.getTime();
    expect(told).toEqual([
      ['connected', false],
      ['connected', true],
      ['expiry', expiry],
    ]);
    told.length = 0;
    const change = changed(source);
    call.send(second);
    await change;
    expect(told).toEqual([
      ['rotated', source.getX509Svid().serialNumber],
      ['connected', true],
      ['expiry', source.getX509Svid().notAfter.getTime()],
    ]);
    told.length = 0;
    const withdrawal = changed(source);
    call.end(status.PERMISSION_DENIED);
    await withdrawal;
    expect(told).toContainEqual(['expiry', undefined]);
    expect(told).toContainEqual(['connected', false]);
  });

  it('says less and less often that the socket is not there', async () => {
    api.disconnect();
    const source = open();
    for (let attempt = 1; attempt <= 20; attempt++) {
      await failed(source);
      clock.advance(30_000);
    }
    await failed(source);
    expect(log.map(({ fields }) => fields.times)).toEqual([1, 2, 4, 8, 16]);
    expect(new Set(log.map(({ fields }) => fields.code))).toEqual(
      new Set(['ERR_WORKLOAD_API_UNAVAILABLE']),
    );
  });

  it('logs each SVID without its key', async () => {
    const { source } = await connected();
    const svid = source.getX509Svid();
    expect(log).toEqual([
      {
        level: 'info',
        message: 'X.509-SVID received',
        fields: {
          event: 'svid.received',
          spiffe_id: ID,
          serial_number: svid.serialNumber,
          not_before: svid.notBefore.toISOString(),
          not_after: svid.notAfter.toISOString(),
          rotations: 0,
        },
      },
    ]);
  });

  it('logs a change of the bundle, a loss, a return and a withdrawal', async () => {
    const { source, call } = await connected();
    const minted = await ca.issue();
    const both = svidResponse({
      svids: [svidEntry(minted, concatenated(ca.certificateDer, other.certificateDer), ID)],
    });
    const change = changed(source);
    call.send(both);
    await change;
    expect(log.at(-1)?.fields).toMatchObject({
      event: 'bundle.updated',
      trust_domain: 'mesh.test',
      digest: source.getX509BundleForTrustDomain(meshTest).digest,
    });
    const failure = failed(source);
    call.end(status.UNAVAILABLE);
    await failure;
    expect(log.at(-1)?.fields).toMatchObject({ event: 'workload-api', state: 'disconnected' });
    clock.advance(500);
    const back = changed(source);
    const again = await api.x509Svids.next();
    again.send(both);
    await back;
    expect(log.at(-1)?.fields).toEqual({ event: 'workload-api', state: 'connected' });
    const withdrawal = failed(source);
    again.end(status.PERMISSION_DENIED);
    await withdrawal;
    expect(log.map(({ fields }) => fields.event)).toContain('svid.withdrawn');
    expect(log.find(({ fields }) => fields.event === 'svid.withdrawn')?.fields.state).toBe(
      'withdrawn',
    );
  });

  it('calls every listener, whatever one of them does', async () => {
    const { source, call } = await connected();
    source.onUpdate(() => {
      throw new Error('broken');
    });
    const stopped: string[] = [];
    source.onUpdate(() => stopped.push('called'))();
    const change = changed(source);
    call.send(second);
    await change;
    expect(stopped).toEqual([]);
    expect(log.at(-1)?.message).toBe('A listener of the X.509 source threw');
  });

  it('serves nothing once closed, and may be closed twice', async () => {
    const { source, call } = await connected();
    const changes = new Queue<string>();
    source.onUpdate(() => changes.push(source.state));
    source.close();
    source.close();
    await call.cancelled;
    expect(changes.unread).toEqual(['closed']);
    expect(source.state).toBe('closed');
    expect(source.snapshot).toBeUndefined();
    expect(() => source.getX509Svid()).toThrow(code('ERR_SOURCE_CLOSED'));
    await expect(source.ready()).rejects.toEqual(code('ERR_SOURCE_CLOSED'));
  });

  it('fails whoever waits when it is closed', async () => {
    const source = open();
    await api.x509Svids.next();
    const ready = source.ready();
    source.close();
    await expect(ready).rejects.toEqual(code('ERR_SOURCE_CLOSED'));
  });

  it('leaves a client that was handed in open', async () => {
    const client = new WorkloadApiClient({ address: api.address, clock });
    const source = open({ client });
    const call = await api.x509Svids.next();
    source.close();
    await call.cancelled;
    const fetched = client.fetchX509Context();
    (await api.x509Svids.next()).send(first);
    expect((await fetched).svids).toHaveLength(1);
    client.close();
  });
});
