import type { Clock } from '@mesh/identity';
import { importJWK, type JWK } from 'jose';
import { AccessTokenError } from './access-token.error.js';
import { discoveryUrl } from './discovery-url.js';

/** Fetches a document of the issuer. Given by the program, so that it goes the program's way to the issuer. */
export type FetchDocument = (
  url: string,
  options: { readonly signal: AbortSignal },
) => Promise<{ readonly status: number; readonly body: string }>;

export interface IssuerKeysOptions {
  /** Milliseconds after which keys are fetched again, so that a retired one goes. Default 600000. */
  readonly maxAgeMs?: number;
  /** Milliseconds between two fetches that an unknown key causes, at least. Default 30000. */
  readonly cooldownMs?: number;
}

export type AccessTokenAlgorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256';

/** A key of the issuer, and the set it is from: see `generation`. */
export interface IssuerKey {
  readonly key: CryptoKey;
  readonly generation: object;
}

interface KeySet {
  /** By `kid`. */
  readonly jwks: ReadonlyMap<string, JWK>;
  readonly fetchedAt: number;
}

const FETCH_TIMEOUT_MS = 5000;
/** After a failure: the issuer may just be starting. */
const RETRY_MS = 1000;
const MAX_DOCUMENT_LENGTH = 256 * 1024;
const MAX_KEYS = 64;
const EC_CURVES: Readonly<Record<string, AccessTokenAlgorithm>> = {
  'P-256': 'ES256',
  'P-384': 'ES384',
};

/**
 * The signing keys of an OpenID issuer: discovery (OpenID Connect Discovery 4), then `jwks_uri`, which must be at the
 * issuer's own origin. A key that the issuer took out of its set counts no longer once the set was fetched again.
 */
export class IssuerKeys {
  readonly #maxAgeMs: number;
  readonly #cooldownMs: number;
  #keys: KeySet | undefined;
  #failedAt = Number.NEGATIVE_INFINITY;
  #fetching: Promise<KeySet> | undefined;

  constructor(
    private readonly issuer: string,
    private readonly fetchDocument: FetchDocument,
    private readonly clock: Pick<Clock, 'now'>,
    { maxAgeMs = 600_000, cooldownMs = 30_000 }: IssuerKeysOptions = {},
  ) {
    this.#maxAgeMs = maxAgeMs;
    this.#cooldownMs = cooldownMs;
  }

  /**
   * The key with this `kid`, for this algorithm.
   * @throws AccessTokenError `ERR_ACCESS_TOKEN_KEY_UNKNOWN`, `ERR_ACCESS_TOKEN_ALGORITHM`, `ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE`
   */
  async keyFor(
    kid: string,
    algorithm: AccessTokenAlgorithm,
    signal: AbortSignal | undefined,
  ): Promise<IssuerKey> {
    let keys = await this.#current(signal);
    const age = this.clock.now() - keys.fetchedAt;
    if (!keys.jwks.has(kid) && age >= this.#cooldownMs) keys = await this.#fetch(signal);
    const jwk = keys.jwks.get(kid);
    if (jwk === undefined) {
      throw new AccessTokenError(
        'ERR_ACCESS_TOKEN_KEY_UNKNOWN',
        "The access token's key is none of the issuer's.",
      );
    }
    if (!algorithmsOf(jwk).includes(algorithm)) {
      throw new AccessTokenError(
        'ERR_ACCESS_TOKEN_ALGORITHM',
        "The access token's algorithm does not fit the issuer's key.",
      );
    }
    // What is not a public key never gets here: `algorithmsOf` knows EC and RSA alone.
    const key = (await importJWK(publicPartOf(jwk), algorithm)) as CryptoKey;
    return { key, generation: keys };
  }

  /** Fetches the set once it is too old, and says which one holds: another object once it was fetched again. */
  async generation(signal: AbortSignal | undefined): Promise<object> {
    return this.#current(signal);
  }

  async #current(signal: AbortSignal | undefined): Promise<KeySet> {
    const keys = this.#keys;
    if (keys !== undefined && this.clock.now() - keys.fetchedAt < this.#maxAgeMs) return keys;
    return this.#fetch(signal);
  }

  /** One fetch for all that wait, with a time limit of its own: who gives up waiting does not end it for the others. */
  async #fetch(signal: AbortSignal | undefined): Promise<KeySet> {
    signal?.throwIfAborted();
    if (this.#fetching === undefined) {
      if (this.clock.now() - this.#failedAt < RETRY_MS) {
        throw unavailable('The issuer failed a moment ago.');
      }
      this.#fetching = this.#fetchNow()
        .catch((error: unknown) => {
          this.#failedAt = this.clock.now();
          throw error;
        })
        .finally(() => (this.#fetching = undefined));
    }
    return unlessAborted(this.#fetching, signal);
  }

  async #fetchNow(): Promise<KeySet> {
    const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
    const { origin } = new URL(this.issuer);
    const { issuer, jwks_uri: uri } = await this.#document(discoveryUrl(this.issuer), signal);
    if (issuer !== this.issuer) {
      throw unavailable('The discovery document is of another issuer.');
    }
    // Keys from elsewhere would let whoever can write one document sign as the issuer.
    if (typeof uri !== 'string' || !URL.canParse(uri) || new URL(uri).origin !== origin) {
      throw unavailable("The keys are not at the issuer's own origin.");
    }
    const { keys } = await this.#document(uri, signal);
    if (!Array.isArray(keys) || keys.length > MAX_KEYS) {
      throw unavailable('The key set is malformed.');
    }
    this.#keys = { jwks: signingKeysOf(keys), fetchedAt: this.clock.now() };
    return this.#keys;
  }

  async #document(url: string, signal: AbortSignal): Promise<Record<string, unknown>> {
    let value: unknown;
    try {
      const { status, body } = await this.fetchDocument(url, { signal });
      if (status !== 200) throw new Error(`status ${status}`);
      if (body.length > MAX_DOCUMENT_LENGTH) throw new Error('too large');
      value = JSON.parse(body);
    } catch (error) {
      throw unavailable("A document of the issuer can't be fetched.", error);
    }
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
    throw unavailable('A document of the issuer is malformed.');
  }
}

function signingKeysOf(keys: readonly unknown[]): ReadonlyMap<string, JWK> {
  const found = new Map<string, JWK>();
  const repeated = new Set<string>();
  for (const one of keys) {
    if (typeof one !== 'object' || one === null) continue;
    const jwk = one as JWK;
    const { kid, use } = jwk;
    if (typeof kid !== 'string' || (use !== undefined && use !== 'sig')) continue;
    if (algorithmsOf(jwk).length === 0) continue;
    if (found.has(kid)) repeated.add(kid);
    found.set(kid, jwk);
  }
  // Which of two is meant cannot be told.
  for (const kid of repeated) found.delete(kid);
  return found;
}

function algorithmsOf({ kty, crv, alg }: JWK): readonly AccessTokenAlgorithm[] {
  const curve = kty === 'EC' ? EC_CURVES[crv ?? ''] : undefined;
  const fitting: readonly AccessTokenAlgorithm[] =
    kty === 'RSA' ? ['RS256', 'PS256'] : curve === undefined ? [] : [curve];
  return alg === undefined ? fitting : fitting.filter((one) => one === alg);
}

function publicPartOf({ kty, crv, x, y, n, e }: JWK): JWK {
  return kty === 'RSA' ? { kty, n, e } : { kty, crv, x, y };
}

async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([work, promise]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function unavailable(message: string, cause?: unknown): AccessTokenError {
  return new AccessTokenError('ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE', message, {
    cause,
    retry: 'safe',
  });
}
