import type { VerifyOptions } from './verification.js';
import type { VerifiedView } from './view.js';

export type { VerifyOptions } from './verification.js';
export type { VerifiedView, ViewNode } from './view.js';

/** Why an answer is not shown. */
export interface Refusal {
  /** Of the mesh (`ERR_…`), or of this page: `VERIFICATION_…`. */
  readonly code: string;
  readonly message: string;
  /** Which statement is at fault, from 0. */
  readonly statement?: number;
}

export class VerificationError extends Error implements Refusal {
  readonly code: string;
  readonly statement?: number;

  constructor({ code, message, statement }: Refusal) {
    super(message);
    this.code = code;
    if (statement !== undefined) this.statement = statement;
  }
}

export interface WorkerRequest {
  readonly id: number;
  readonly document: string;
  readonly options: VerifyOptions;
}

export type WorkerReply =
  | { readonly id: number; readonly view: VerifiedView }
  | { readonly id: number; readonly error: Refusal };

const LIMIT_MS = 10_000;

let worker: Worker | undefined;
let lastId = 0;
/** One after the other, so that a hung one takes no other along. */
let queue: Promise<unknown> = Promise.resolve();

/** Loads the verifier before it is needed. */
export function prepareVerifier(): void {
  if (worker) return;
  const started = new Worker(new URL('./verifier.worker.ts', import.meta.url), {
    type: 'module',
    name: 'verifier',
  });
  // The next verification tries with another one.
  started.addEventListener('error', () => {
    if (worker === started) worker = undefined;
  });
  worker = started;
}

/**
 * Verifies an answer off the page's own thread, and reads its receipt. Takes 10 seconds at most.
 * @param document The answer as it came, character by character.
 * @throws VerificationError with the code of the rule that the answer breaks
 */
export function verify(document: string, options: VerifyOptions): Promise<VerifiedView> {
  const verified = queue.then(() => verifyNext(document, options));
  queue = verified.catch(() => undefined);
  return verified;
}

function verifyNext(document: string, options: VerifyOptions): Promise<VerifiedView> {
  prepareVerifier();
  const current = worker!;
  const id = ++lastId;
  const { promise, resolve, reject } = Promise.withResolvers<VerifiedView>();
  const listening = new AbortController();
  const give = (up: Refusal) => {
    current.terminate();
    worker = undefined;
    reject(new VerificationError(up));
  };
  const timer = setTimeout(() => {
    give({
      code: 'VERIFICATION_TIMEOUT',
      message: `The answer could not be verified within ${LIMIT_MS / 1000} seconds.`,
    });
  }, LIMIT_MS);
  current.addEventListener(
    'message',
    ({ data }: MessageEvent<WorkerReply>) => {
      if (data.id !== id) return;
      if ('view' in data) resolve(data.view);
      else reject(new VerificationError(data.error));
    },
    listening,
  );
  for (const type of ['error', 'messageerror']) {
    current.addEventListener(
      type,
      () =>
        give({
          code: 'VERIFICATION_UNAVAILABLE',
          message: 'The verifier could not be loaded, or broke off.',
        }),
      listening,
    );
  }
  current.postMessage({ id, document, options } satisfies WorkerRequest);
  return promise.finally(() => {
    clearTimeout(timer);
    listening.abort();
  });
}
