import type { Secret } from './secret.js';

export interface SecretLease {
  readonly secret: Secret;
  /** When the secret stops working. Undefined: it does not expire. */
  readonly expiresAt?: Date;
}

/**
 * Where secrets come from. Callers fetch a secret for each use and keep no copy, so that a change takes effect
 * with the next use. All failures are `SecretError`s, except that an aborted `signal` rejects with its reason.
 */
export interface SecretSource {
  /** Rejects with `ERR_SECRET_NOT_FOUND` where there is none, `ERR_SECRET_NAME_INVALID` for a malformed name. */
  get(name: string, options?: { readonly signal?: AbortSignal }): Promise<SecretLease>;
  /** Calls `listener` after the secret was set, replaced or removed. It must not throw. Returns how to stop. */
  onChange(name: string, listener: () => void): () => void;
  /** May be called twice. Afterwards `get` rejects with `ERR_SECRET_SOURCE_CLOSED`. */
  close(): void;
}
