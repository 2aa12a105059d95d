import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { VerifiedView, WorkerReply, WorkerRequest } from './verifier.js';

/** What the page sees of a worker: this one answers when a test says so. */
class FakeWorker extends EventTarget {
  static readonly started: FakeWorker[] = [];
  readonly requests: WorkerRequest[] = [];
  terminated = false;

  constructor() {
    super();
    FakeWorker.started.push(this);
  }

  postMessage(request: WorkerRequest): void {
    this.requests.push(request);
  }

  terminate(): void {
    this.terminated = true;
  }

  reply(reply: WorkerReply): void {
    this.dispatchEvent(new MessageEvent('message', { data: reply }));
  }
}

type Verifier = typeof import('./verifier.js');

const VIEW = { trustDomain: 'mesh.test' } as VerifiedView;
const OPTIONS = { trust: '{}' };
/** Lets what is due run. */
const settle = async () => {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
};

let verifier: Verifier;

beforeEach(async () => {
  FakeWorker.started.length = 0;
  Object.assign(globalThis, { Worker: FakeWorker });
  // Each test with a page of its own.
  jest.resetModules();
  verifier = await import('./verifier.js');
  jest.useFakeTimers();
});

afterEach(() => {
  jest.useRealTimers();
  Reflect.deleteProperty(globalThis, 'Worker');
});

describe('verify', () => {
  it('gives one worker one answer after the other', async () => {
    verifier.prepareVerifier();
    const first = verifier.verify('1', OPTIONS);
    const second = verifier.verify('2', OPTIONS);
    await settle();
    const [worker] = FakeWorker.started as [FakeWorker];
    expect(worker.requests.map(({ document }) => document)).toEqual(['1']);
    // Of another request than the one that is waited for.
    worker.reply({ id: 99, view: VIEW });
    worker.reply({ id: worker.requests[0]!.id, view: VIEW });
    await expect(first).resolves.toBe(VIEW);
    await settle();
    expect(worker.requests.map(({ document }) => document)).toEqual(['1', '2']);
    worker.reply({ id: worker.requests[1]!.id, view: VIEW });
    await expect(second).resolves.toBe(VIEW);
    expect(FakeWorker.started).toHaveLength(1);
    jest.advanceTimersByTime(60_000);
    expect(worker.terminated).toBe(false);
  });

  it('rejects with the code, and the statement at fault', async () => {
    const verified = verifier.verify('1', OPTIONS);
    await settle();
    const [worker] = FakeWorker.started as [FakeWorker];
    const error = { code: 'ERR_ANSWER_SIGNATURE', message: 'Wrong.', statement: 2 };
    worker.reply({ id: worker.requests[0]!.id, error });
    await expect(verified).rejects.toMatchObject(error);
    await expect(verified).rejects.toBeInstanceOf(verifier.VerificationError);
    expect(worker.terminated).toBe(false);
  });

  it('ends a worker that hangs, and goes on with another', async () => {
    const hung = verifier.verify('1', OPTIONS);
    const next = verifier.verify('2', OPTIONS);
    await settle();
    jest.advanceTimersByTime(9_999);
    expect(FakeWorker.started[0]?.terminated).toBe(false);
    jest.advanceTimersByTime(1);
    await expect(hung).rejects.toMatchObject({ code: 'VERIFICATION_TIMEOUT' });
    expect(FakeWorker.started[0]?.terminated).toBe(true);
    await settle();
    const [, another] = FakeWorker.started as [FakeWorker, FakeWorker];
    another.reply({ id: another.requests[0]!.id, view: VIEW });
    await expect(next).resolves.toBe(VIEW);
  });

  it.each(['error', 'messageerror'])('says that there is no verifier at its %s', async (type) => {
    const verified = verifier.verify('1', OPTIONS);
    await settle();
    FakeWorker.started[0]?.dispatchEvent(new Event(type));
    await expect(verified).rejects.toMatchObject({ code: 'VERIFICATION_UNAVAILABLE' });
    expect(FakeWorker.started[0]?.terminated).toBe(true);
  });

  it('takes another worker where the prepared one could not be loaded', async () => {
    verifier.prepareVerifier();
    FakeWorker.started[0]?.dispatchEvent(new Event('error'));
    void verifier.verify('1', OPTIONS);
    await settle();
    expect(FakeWorker.started.map(({ requests }) => requests.length)).toEqual([0, 1]);
  });
});
