import type { Adapter, AdapterPayload } from 'oidc-provider';
import { errors } from './oidc-provider.js';

/** Records a kind; the oldest go first. Who floods one kind (anyone can begin a sign-in) takes no other's place. */
const MAX_RECORDS = 2000;

interface Stored {
  readonly payload: AdapterPayload;
  /** Milliseconds since the epoch. */
  readonly expiresAt: number;
}

/**
 * What the issuer remembers (sessions, codes, grants, refresh tokens), in memory alone: a restart signs everybody
 * out. It is the issuer's and not the provider's, as each rotation of the keys makes another provider.
 */
export class IssuerStore {
  readonly #kinds = new Map<string, KindStore>();

  /** What `oidc-provider` takes as its `adapter`. */
  readonly adapter = (kind: string): Adapter => {
    const store = this.#kinds.get(kind) ?? new KindStore();
    this.#kinds.set(kind, store);
    return store;
  };
}

/** Records of one kind. */
export class KindStore implements Adapter {
  readonly #records = new Map<string, Stored>();

  async upsert(id: string, payload: AdapterPayload, expiresIn?: number): Promise<void> {
    // A used code stays used: what was read before it was used may be written back.
    const consumed: unknown = this.#records.get(id)?.payload.consumed;
    this.#records.delete(id);
    if (this.#records.size >= MAX_RECORDS) this.#makeRoom();
    this.#records.set(id, {
      payload: structuredClone(consumed === undefined ? payload : { ...payload, consumed }),
      expiresAt: expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000,
    });
  }

  async find(id: string): Promise<AdapterPayload | undefined> {
    const stored = this.#live(id);
    return stored && structuredClone(stored.payload);
  }

  async findByUid(uid: string): Promise<AdapterPayload | undefined> {
    for (const [id, { payload }] of this.#records) {
      if (payload.uid === uid) return this.find(id);
    }
    return undefined;
  }

  /** Of the device flow, which is off. */
  async findByUserCode(): Promise<undefined> {
    return undefined;
  }

  /** Once: of two requests at the same time the second is refused (RFC 6749, 4.1.2; RFC 9700, 4.14). */
  async consume(id: string): Promise<void> {
    const stored = this.#live(id);
    if (stored === undefined || stored.payload.consumed !== undefined) {
      throw new errors.InvalidGrant('grant already used');
    }
    stored.payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id: string): Promise<void> {
    this.#records.delete(id);
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [id, { payload }] of this.#records) {
      if (payload.grantId === grantId) this.#records.delete(id);
    }
  }

  #live(id: string): Stored | undefined {
    const stored = this.#records.get(id);
    if (stored === undefined || stored.expiresAt > Date.now()) return stored;
    this.#records.delete(id);
    return undefined;
  }

  #makeRoom(): void {
    for (const id of this.#records.keys()) this.#live(id);
    // Anyone can have a session made that nobody is signed in with, and none of those may end a person's.
    const oldest = [...this.#records];
    const ofNobody = oldest.filter(([, { payload }]) => payload.accountId === undefined);
    for (const [id] of [...ofNobody, ...oldest]) {
      if (this.#records.size < MAX_RECORDS) break;
      this.#records.delete(id);
    }
  }
}
