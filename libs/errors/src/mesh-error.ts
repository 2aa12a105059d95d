import { errorEntry, type ErrorCode } from './codes.js';

/**
 * Whether the failed operation may be tried again.
 * - `no`: the same call fails again, or may have had an effect.
 * - `if-idempotent`: it may or may not have been processed.
 * - `safe`: it was refused before it was processed.
 */
export type Retry = 'no' | 'if-idempotent' | 'safe';

export interface MeshErrorOptions {
  readonly cause?: unknown;
  /** Default `no`. */
  readonly retry?: Retry;
  /** Milliseconds the other side asked to wait (`Retry-After`). */
  readonly retryAfterMs?: number;
}

/**
 * Base of all errors of the project. Code branches on `code`, never on the message.
 * The message may be shown to a caller, so it holds no path, prompt, token, key or personal data; what
 * only an operator may see belongs into `cause`.
 */
export abstract class MeshError extends Error {
  abstract readonly code: ErrorCode;
  readonly retry: Retry;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: MeshErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = new.target.name;
    this.retry = options.retry ?? 'no';
    this.retryAfterMs = options.retryAfterMs;
  }

  /** HTTP status of a response that carries this error. */
  get status(): number {
    return errorEntry(this.code)?.status ?? 500;
  }

  /** Without stack and cause: those never leave the process. */
  toJSON(): { name: string; code: ErrorCode; message: string } {
    return { name: this.name, code: this.code, message: this.message };
  }
}

/** True if `error` is one of this project's with the given code. */
export function hasCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof MeshError && error.code === code;
}
