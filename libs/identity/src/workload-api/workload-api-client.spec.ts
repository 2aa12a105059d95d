import { status } from '@grpc/grpc-js';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  bundlesResponse,
  FakeClock,
  FakeWorkloadApi,
  mintCa,
  type MintedCa,
  Queue,
  svidEntry,
  svidResponse,
} from '@test/kit';
import type { X509BundleSet } from '../x509-bundle.js';
import type { WatchHandlers } from './watch.js';
import { WorkloadApiClient, type WorkloadApiClientOptions } from './workload-api-client.js';
import type { WorkloadApiError } from './workload-api.error.js';
import type { X509Context } from './x509-context.js';

const ID = 'spiffe://mesh.test/workload';
const garbage = new Uint8Array([0xff, 0xff, 0xff]);

let ca: MintedCa;
let valid: Uint8Array;
let bundles: Uint8Array;
beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test' });
  valid = svidResponse({ svids: [svidEntry(await ca.issue(), ca.certificateDer, ID)] });
  bundles = bundlesResponse({ bundles: { 'spiffe://mesh.test': ca.certificateDer } });
});

/** What a watch told, in order, as text; `retry` with the wait in milliseconds. */
class Told extends Queue<string> implements WatchHandlers<unknown> {
  onUpdate(): void {
    this.push('update');
  }
  onWithdrawn({ code }: WorkloadApiError): void {
    this.push(`withdrawn ${code}`);
  }
  onError({ code }: WorkloadApiError, retryInMs?: number): void {
    this.push(retryInMs === undefined ? `rejected ${code}` : `retry ${retryInMs} ${code}`);
  }
  onEnd({ code }: WorkloadApiError): void {
    this.push(`end ${code}`);
  }
}

let api: FakeWorkloadApi;
let clock: FakeClock;
let told: Told;
let clients: WorkloadApiClient[];
beforeEach(async () => {
  api = await FakeWorkloadApi.start();
  clock = new FakeClock();
  told = new Told();
  clients = [];
});
afterEach(async () => {
  clients.forEach((client) => client.close());
  await api.close();
});

function newClient(options: WorkloadApiClientOptions = {}): WorkloadApiClient {
  const client = new WorkloadApiClient({
    address: api.address,
    clock,
    random: () => 1,
    ...options,
  });
  clients.push(client);
  return client;
}

const RETRY_UNAVAILABLE = (ms: number) => `retry ${ms} ERR_WORKLOAD_API_UNAVAILABLE`;
const RETRY_DENIED = (ms: number) => `retry ${ms} ERR_WORKLOAD_API_DENIED`;
const WITHDRAWN = 'withdrawn ERR_WORKLOAD_API_DENIED';

describe('watchX509Context', () => {
  it('carries the security metadata', async () => {
    newClient().watchX509Context(told);
    const call = await api.x509Svids.next();
    expect(call.metadata('workload.spiffe.io')).toEqual(['true']);
  });

  it('hands on each update of a stream', async () => {
    const updates = new Queue<X509Context>();
    newClient().watchX509Context({
      onUpdate: (context) => updates.push(context),
      onWithdrawn: () => {},
      onError: () => {},
      onEnd: () => {},
    });
    const call = await api.x509Svids.next();
    call.send(valid);
    expect((await updates.next()).svids[0]?.id.toString()).toBe(ID);
    call.send(valid);
    expect((await updates.next()).svids).toHaveLength(1);
  });

  it('rejects a malformed message and goes on with the stream', async () => {
    newClient().watchX509Context(told);
    const call = await api.x509Svids.next();
    call.send(garbage);
    expect(await told.next()).toBe('rejected ERR_WORKLOAD_API_MESSAGE_MALFORMED');
    call.send(svidResponse({}));
    expect(await told.next()).toBe('rejected ERR_WORKLOAD_API_FIELD_MISSING');
    call.send(valid);
    expect(await told.next()).toBe('update');
    expect(clock.waits).toEqual([]);
  });

  it('tries again after longer and longer waits, and an update starts anew', async () => {
    newClient().watchX509Context(told);
    for (const wait of [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]) {
      (await api.x509Svids.next()).end(status.UNAVAILABLE);
      expect(await told.next()).toBe(RETRY_UNAVAILABLE(wait));
      clock.advance(wait - 1);
      expect(api.x509Svids.unread).toHaveLength(0);
      clock.advance(1);
    }
    const call = await api.x509Svids.next();
    call.send(valid);
    expect(await told.next()).toBe('update');
    call.end(status.UNAVAILABLE);
    expect(await told.next()).toBe(RETRY_UNAVAILABLE(500));
  });

  it('varies the waits', async () => {
    newClient({ random: () => 0 }).watchX509Context(told);
    (await api.x509Svids.next()).end(status.UNAVAILABLE);
    expect(await told.next()).toBe(RETRY_UNAVAILABLE(250));
  });

  it.each([
    status.CANCELLED,
    status.UNKNOWN,
    status.DEADLINE_EXCEEDED,
    status.RESOURCE_EXHAUSTED,
    status.INTERNAL,
    status.UNIMPLEMENTED,
    status.UNAUTHENTICATED,
  ])('tries again after status %d', async (code) => {
    newClient().watchX509Context(told);
    (await api.x509Svids.next()).end(code);
    expect(await told.next()).toBe(RETRY_UNAVAILABLE(500));
    clock.advance(500);
    await api.x509Svids.next();
  });

  it('tries again when the server ends the stream with OK', async () => {
    newClient().watchX509Context(told);
    (await api.x509Svids.next()).finish();
    expect(await told.next()).toBe(RETRY_UNAVAILABLE(500));
  });

  it('tries again when the server dies, and withdraws nothing', async () => {
    newClient().watchX509Context(told);
    (await api.x509Svids.next()).send(valid);
    expect(await told.next()).toBe('update');
    api.disconnect();
    expect(await told.next()).toBe(RETRY_UNAVAILABLE(500));
    clock.advance(500);
    expect(await told.next()).toBe(RETRY_UNAVAILABLE(1000));
  });

  it('ends at InvalidArgument', async () => {
    const code = status.INVALID_ARGUMENT;
    newClient().watchX509Context(told);
    (await api.x509Svids.next()).end(code);
    expect(await told.next()).toBe('end ERR_WORKLOAD_API_REFUSED');
    expect(clock.waits).toEqual([]);
  });

  it('waits for a socket that is not there, and connects when it appears', async () => {
    api.disconnect();
    newClient().watchX509Context(told);
    let wait = 500;
    for (; wait < 16_000; wait *= 2) {
      expect(await told.next()).toBe(RETRY_UNAVAILABLE(wait));
      clock.advance(wait);
    }
    expect(await told.next()).toBe(RETRY_UNAVAILABLE(16_000));
    await api.listen();
    clock.advance(500);
    (await api.x509Svids.next()).end(status.UNAVAILABLE);
    expect(await told.next()).toBe(RETRY_UNAVAILABLE(500));
  });

  it('takes a message up to the limit, and opens the stream again after a larger one', async () => {
    newClient({ maxMessageBytes: valid.length }).watchX509Context(told);
    const call = await api.x509Svids.next();
    call.send(valid);
    expect(await told.next()).toBe('update');
    call.send(new Uint8Array(valid.length + 1));
    expect(await told.next()).toBe(RETRY_UNAVAILABLE(500));
  });

  it('stops at the signal, without a word', async () => {
    const abort = new AbortController();
    newClient().watchX509Context(told, { signal: abort.signal });
    const call = await api.x509Svids.next();
    abort.abort();
    await call.cancelled;
    expect(told.unread).toEqual([]);
    expect(clock.waits).toEqual([]);
  });

  it('stops at the signal while it waits', async () => {
    const abort = new AbortController();
    newClient().watchX509Context(told, { signal: abort.signal });
    (await api.x509Svids.next()).end(status.UNAVAILABLE);
    await told.next();
    abort.abort();
    expect(clock.waits).toEqual([]);
  });

  it('does not start at an aborted signal, nor on a closed client', () => {
    const client = newClient();
    client.watchX509Context(told, { signal: AbortSignal.abort() });
    client.close();
    client.close();
    expect(() => client.watchX509Context(told)).toThrow(
      expect.objectContaining({ code: 'ERR_WORKLOAD_API_CLOSED' }),
    );
  });

  it('may be stopped by its own handler', async () => {
    const client = newClient();
    client.watchX509Context({
      onUpdate: () => client.close(),
      onWithdrawn: (error) => told.onWithdrawn(error),
      onError: (error, retryInMs) => told.onError(error, retryInMs),
      onEnd: (error) => told.onEnd(error),
    });
    const call = await api.x509Svids.next();
    call.send(valid);
    await call.cancelled;
    expect(told.unread).toEqual([]);
    expect(clock.waits).toEqual([]);
  });

  it('connects over TCP, and past any proxy', async () => {
    const before = process.env.grpc_proxy;
    process.env.grpc_proxy = 'http://127.0.0.1:1';
    try {
      newClient({ address: await api.listenTcp() }).watchX509Context(told);
      (await api.x509Svids.next()).send(valid);
      expect(await told.next()).toBe('update');
    } finally {
      if (before === undefined) delete process.env.grpc_proxy;
      else process.env.grpc_proxy = before;
    }
  });
});

describe('PermissionDenied', () => {
  it('before the first SVID waits longer, and withdraws nothing', async () => {
    newClient().watchX509Context(told);
    for (const wait of [5000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      (await api.x509Svids.next()).end(status.PERMISSION_DENIED);
      expect(await told.next()).toBe(RETRY_DENIED(wait));
      expect(clock.waits).toEqual([wait]);
      clock.advance(wait);
    }
    (await api.x509Svids.next()).send(valid);
    expect(await told.next()).toBe('update');
  });

  it('on an established stream withdraws at once, until an update comes', async () => {
    newClient().watchX509Context(told);
    const call = await api.x509Svids.next();
    call.send(valid);
    expect(await told.next()).toBe('update');
    call.end(status.PERMISSION_DENIED);
    expect(await told.next()).toBe(WITHDRAWN);
    expect(await told.next()).toBe(RETRY_DENIED(5000));
    clock.advance(5000);
    (await api.x509Svids.next()).end(status.PERMISSION_DENIED);
    expect(await told.next()).toBe(RETRY_DENIED(10_000));
    clock.advance(10_000);
    (await api.x509Svids.next()).send(valid);
    expect(await told.next()).toBe('update');
  });

  async function reconnected(): Promise<void> {
    newClient().watchX509Context(told);
    const call = await api.x509Svids.next();
    call.send(valid);
    await told.next();
    call.end(status.UNAVAILABLE);
    await told.next();
    clock.advance(500);
    (await api.x509Svids.next()).end(status.PERMISSION_DENIED);
    // A failing attestor is asked again soon.
    expect(await told.next()).toBe(RETRY_DENIED(1000));
  }

  it('on a reconnect withdraws after 10 s', async () => {
    await reconnected();
    clock.advance(1000);
    (await api.x509Svids.next()).end(status.PERMISSION_DENIED);
    expect(await told.next()).toBe(RETRY_DENIED(2000));
    clock.advance(2000);
    (await api.x509Svids.next()).end(status.PERMISSION_DENIED);
    expect(await told.next()).toBe(RETRY_DENIED(4000));
    clock.advance(4000);
    (await api.x509Svids.next()).end(status.PERMISSION_DENIED);
    expect(await told.next()).toBe(RETRY_DENIED(8000));
    clock.advance(2999);
    expect(told.unread).toEqual([]);
    clock.advance(1);
    expect(told.unread).toEqual([WITHDRAWN]);
  });

  it('on a reconnect withdraws nothing if an update comes in time', async () => {
    await reconnected();
    clock.advance(1000);
    (await api.x509Svids.next()).send(valid);
    expect(await told.next()).toBe('update');
    clock.advance(60_000);
    expect(told.unread).toEqual([]);
  });

  it('on a reconnect is not undone by a transport error or a malformed message', async () => {
    await reconnected();
    clock.advance(1000);
    (await api.x509Svids.next()).end(status.UNAVAILABLE);
    expect(await told.next()).toBe(RETRY_UNAVAILABLE(2000));
    clock.advance(2000);
    (await api.x509Svids.next()).send(garbage);
    expect(await told.next()).toBe('rejected ERR_WORKLOAD_API_MESSAGE_MALFORMED');
    clock.advance(6999);
    expect(told.unread).toEqual([]);
    clock.advance(1);
    expect(told.unread).toEqual([WITHDRAWN]);
  });

  it('on a reconnect is forgotten when the watch stops', async () => {
    await reconnected();
    clients.forEach((client) => client.close());
    expect(clock.waits).toEqual([]);
  });
});

describe('watchX509Bundles', () => {
  it('follows the bundles', async () => {
    const updates = new Queue<X509BundleSet>();
    newClient().watchX509Bundles({
      onUpdate: (set) => updates.push(set),
      onWithdrawn: (error) => told.onWithdrawn(error),
      onError: (error, retryInMs) => told.onError(error, retryInMs),
      onEnd: (error) => told.onEnd(error),
    });
    const call = await api.x509Bundles.next();
    expect(call.metadata('workload.spiffe.io')).toEqual(['true']);
    call.send(bundles);
    expect((await updates.next()).bundles()[0]?.trustDomain.name).toBe('mesh.test');
    call.send(bundlesResponse({}));
    expect(await told.next()).toBe('rejected ERR_WORKLOAD_API_FIELD_MISSING');
  });
});

describe('fetch', () => {
  it('asks once for the SVIDs', async () => {
    const fetched = newClient().fetchX509Context();
    const call = await api.x509Svids.next();
    expect(call.metadata('workload.spiffe.io')).toEqual(['true']);
    call.send(valid);
    expect((await fetched).svids[0]?.id.toString()).toBe(ID);
    await call.cancelled;
  });

  it('asks once for the bundles', async () => {
    const fetched = newClient().fetchX509Bundles();
    (await api.x509Bundles.next()).send(bundles);
    expect((await fetched).bundles()).toHaveLength(1);
  });

  it.each([
    [status.PERMISSION_DENIED, 'ERR_WORKLOAD_API_DENIED'],
    [status.INVALID_ARGUMENT, 'ERR_WORKLOAD_API_REFUSED'],
    [status.UNAVAILABLE, 'ERR_WORKLOAD_API_UNAVAILABLE'],
  ])('fails at status %d with %s', async (grpcStatus, code) => {
    const fetched = newClient().fetchX509Context();
    (await api.x509Svids.next()).end(grpcStatus, 'no identity issued');
    await expect(fetched).rejects.toMatchObject({
      code,
      grpcStatus,
      cause: { message: 'no identity issued' },
    });
  });

  it('fails at a malformed message', async () => {
    const fetched = newClient().fetchX509Context();
    (await api.x509Svids.next()).send(garbage);
    await expect(fetched).rejects.toMatchObject({ code: 'ERR_WORKLOAD_API_MESSAGE_MALFORMED' });
  });

  it('fails where there is no socket', async () => {
    api.disconnect();
    await expect(newClient().fetchX509Context()).rejects.toMatchObject({
      code: 'ERR_WORKLOAD_API_UNAVAILABLE',
    });
  });

  it('fails at the signal with its reason', async () => {
    const abort = new AbortController();
    const fetched = newClient().fetchX509Context({ signal: abort.signal });
    const call = await api.x509Svids.next();
    abort.abort(new Error('enough'));
    await expect(fetched).rejects.toThrow('enough');
    await call.cancelled;
    await expect(
      newClient().fetchX509Context({ signal: AbortSignal.abort(new Error('before')) }),
    ).rejects.toThrow('before');
  });

  it('fails when the client is closed', async () => {
    const client = newClient();
    const fetched = client.fetchX509Context();
    await api.x509Svids.next();
    client.close();
    await expect(fetched).rejects.toMatchObject({ code: 'ERR_WORKLOAD_API_CLOSED' });
    await expect(client.fetchX509Bundles()).rejects.toMatchObject({
      code: 'ERR_WORKLOAD_API_CLOSED',
    });
  });
});

it('refuses a malformed address', () => {
  expect(() => new WorkloadApiClient({ address: 'unix:relative' })).toThrow(
    expect.objectContaining({ code: 'ERR_ENDPOINT_PATH' }),
  );
});
