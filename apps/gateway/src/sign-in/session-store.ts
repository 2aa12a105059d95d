/** What the issuer gave last. */
export interface SessionTokens {
  readonly access: string;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** Undefined where the issuer gives none: the session then ends with the access token. */
  readonly refresh: string | undefined;
}

/** A browser's session. The ID itself is nowhere but in the browser. */
export interface SessionRecord {
  /** SHA-256 of its ID, base64url. */
  readonly hash: string;
  /** SHA-256 of the secret that the pages prove themselves with, base64url. */
  readonly csrf: string;
  /** The same of the secret of the page that began the sign-in; undefined where a link did. */
  readonly page: string | undefined;
  readonly issuer: string;
  readonly subject: string;
  /** The session at the issuer, where it says so (`sid` of the ID token). */
  readonly sid: string | undefined;
  /** What the person is called: for the person's own eyes alone. */
  readonly account: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly usedAt: number;
  readonly tokens: SessionTokens;
}

/** Whose sessions are meant: all of a person, or those of one session at the issuer. */
export interface SessionOwner {
  readonly issuer: string;
  readonly subject?: string | undefined;
  readonly sid?: string | undefined;
}

/** Where sessions are kept. Records are whole or not there; each method is one step that no other comes between. */
export interface SessionStore {
  /** False where there is room for no more. */
  add(record: SessionRecord): Promise<boolean>;
  get(hash: string): Promise<SessionRecord | undefined>;
  /** It was used at that time. */
  touch(hash: string, at: number): Promise<void>;
  /** Puts new tokens in the place of `old`; false where those are not there any more. */
  renew(hash: string, old: SessionTokens, tokens: SessionTokens): Promise<boolean>;
  remove(hash: string): Promise<SessionRecord | undefined>;
  /** The oldest first. */
  ofOwner(owner: SessionOwner): Promise<readonly SessionRecord[]>;
  /** Sessions that began at `start` or before, or were used last at `use` or before; milliseconds since the epoch. */
  startedOrUsedBefore(start: number, use: number): Promise<readonly SessionRecord[]>;
}

/** Of all people. */
const MAX_SESSIONS = 10_000;

/** Sessions in memory: they end with the process. */
export class MemorySessionStore implements SessionStore {
  readonly #records = new Map<string, SessionRecord>();

  constructor(private readonly limit = MAX_SESSIONS) {}

  add(record: SessionRecord): Promise<boolean> {
    if (this.#records.size >= this.limit) return Promise.resolve(false);
    this.#records.set(record.hash, record);
    return Promise.resolve(true);
  }

  get(hash: string): Promise<SessionRecord | undefined> {
    return Promise.resolve(this.#records.get(hash));
  }

  touch(hash: string, usedAt: number): Promise<void> {
    const record = this.#records.get(hash);
    if (record) this.#records.set(hash, { ...record, usedAt });
    return Promise.resolve();
  }

  renew(hash: string, old: SessionTokens, tokens: SessionTokens): Promise<boolean> {
    const record = this.#records.get(hash);
    if (record?.tokens !== old) return Promise.resolve(false);
    this.#records.set(hash, { ...record, tokens });
    return Promise.resolve(true);
  }

  remove(hash: string): Promise<SessionRecord | undefined> {
    const record = this.#records.get(hash);
    this.#records.delete(hash);
    return Promise.resolve(record);
  }

  ofOwner({ issuer, subject, sid }: SessionOwner): Promise<readonly SessionRecord[]> {
    return Promise.resolve(
      [...this.#records.values()].filter(
        (one) =>
          one.issuer === issuer &&
          (subject === undefined || one.subject === subject) &&
          (sid === undefined || one.sid === sid),
      ),
    );
  }

  startedOrUsedBefore(start: number, use: number): Promise<readonly SessionRecord[]> {
    return Promise.resolve(
      [...this.#records.values()].filter(
        ({ startedAt, usedAt }) => startedAt <= start || usedAt <= use,
      ),
    );
  }
}
