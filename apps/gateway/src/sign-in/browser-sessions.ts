import { timingSafeEqual } from 'node:crypto';
import type { AccessToken, AccessTokenVerifier } from '@mesh/delegation';
import type { ContextualRequest, Session, Sessions } from '@mesh/delegation/nest';
import { hasCode } from '@mesh/errors';
import type { Clock } from '@mesh/identity';
import type { Logger } from '@mesh/observability';
import type { BrowserCookie } from './browser-cookie.js';
import type { IssuedTokens, IssuerClient } from './issuer-client.js';
import { digestOf, is256Bits, randomSecret } from './secret.js';
import type { SessionOwner, SessionRecord, SessionStore, SessionTokens } from './session-store.js';
import { SessionError, SignInError } from './sign-in.error.js';

/** Header by which a page of the mesh proves itself. */
const CSRF_HEADER = 'x-csrf-token';
/** By which a page says that it asks by itself, while nobody may be there: the session is no longer for that. */
const UNATTENDED_HEADER = 'x-unattended';

/** Sessions of one person at a time; the oldest gives way. */
const MAX_OF_PERSON = 32;
/** How often sessions that are over are looked for, in milliseconds. */
const SWEEP_MS = 30_000;
/** After a refresh that failed, in milliseconds. */
const RETRY_MS = 5_000;

/** Why a session ended, as the log says it. */
export type EndReason =
  | 'signed out'
  | 'signed out at the issuer'
  | 'signed in again'
  | 'idle'
  | 'over'
  | 'too many of this person'
  | 'ended by the issuer'
  | 'the issuer answered for somebody else';

export interface BrowserSessionsOptions {
  readonly store: SessionStore;
  readonly issuer: Pick<IssuerClient, 'refresh' | 'revoke'>;
  readonly accessTokens: Pick<AccessTokenVerifier, 'verify'>;
  readonly cookie: () => BrowserCookie;
  /** The origin that people open the mesh at. */
  readonly publicUrl: () => string;
  readonly idleMs: number;
  readonly maxMs: number;
  /** An access token is to live at least that long when a request begins, in milliseconds: that long it may run. */
  readonly requestMs: number;
  readonly clock: Clock;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
}

/** A browser's session, with what its page may know of it. */
export interface BrowserSession extends Session {
  /** What the ID token calls the person. */
  readonly account: string;
  readonly endsAt: Date;
  readonly idleEndsAt: Date;
}

/** What a browser is handed once. */
export interface StartedSession {
  readonly hash: string;
  /** For the cookie. */
  readonly id: string;
  /** For the page, which other pages of the host cannot read. */
  readonly csrf: string;
}

/**
 * Sessions of browsers. A cookie goes to every port of its host, so it opens nothing by itself: each request also carries
 * the secret that the page keeps, and each change comes from the mesh's own origin. What the browser holds are two random
 * numbers; tokens stay here.
 */
export class BrowserSessions implements Sessions {
  readonly #options: BrowserSessionsOptions;
  /** What running requests hear of the end by. */
  readonly #ends = new Map<string, AbortController>();
  readonly #refreshing = new Map<string, Promise<SessionRecord>>();
  #issuerFailedAt = Number.NEGATIVE_INFINITY;
  #stopSweep: () => void;

  constructor(options: BrowserSessionsOptions) {
    this.#options = options;
    this.#stopSweep = this.#scheduleSweep();
  }

  /**
   * Begins the session of a person who has just signed in, with an ID that nobody has seen.
   * @param page Digest of the secret of the page that began the sign-in; undefined where a link did.
   * @throws SignInError `ERR_SIGN_IN_BUSY`
   */
  async start(
    tokens: IssuedTokens & { readonly person: NonNullable<IssuedTokens['person']> },
    token: AccessToken,
    page?: string,
  ): Promise<StartedSession> {
    const { store, clock, logger } = this.#options;
    const { subject, sid, account } = tokens.person;
    const [id, csrf] = [randomSecret(), randomSecret()];
    const hash = digestOf(id);
    const now = clock.now();
    const others = await store.ofOwner({ issuer: token.issuer, subject });
    for (const one of others.slice(0, Math.max(0, others.length + 1 - MAX_OF_PERSON))) {
      await this.end(one.hash, 'too many of this person');
    }
    const added = await store.add({
      hash,
      csrf: digestOf(csrf),
      page,
      issuer: token.issuer,
      subject,
      sid,
      account,
      startedAt: now,
      usedAt: now,
      tokens: sessionTokens(tokens, token, now),
    });
    if (!added) throw new SignInError('ERR_SIGN_IN_BUSY', 'Too many sessions are open.');
    this.#ends.set(hash, new AbortController());
    logger.info({ event: 'session.started', session: hash }, 'a session began');
    return { hash, id, csrf };
  }

  async find(
    request: ContextualRequest,
  ): Promise<{ readonly session: BrowserSession; readonly accessToken: string } | undefined> {
    const record = await this.open(request);
    if (record === undefined) return undefined;
    const { tokens } = await this.#withFreshTokens(record);
    const session = this.#sessionOf(record);
    // From here on the request hears of the end; before that it shows here.
    if ((await this.#options.store.get(record.hash)) === undefined) {
      this.#ends.delete(record.hash);
      throw ended();
    }
    return { session, accessToken: tokens.access };
  }

  /**
   * The session that a request was sent with, by a page of the mesh; undefined where it has none. Its use is noted,
   * but where the page says that nobody made it.
   * @throws SessionError
   */
  async open({ headers, raw }: ContextualRequest): Promise<SessionRecord | undefined> {
    const { store, clock, cookie, publicUrl } = this.#options;
    const [id, ...more] = cookie().valuesIn(headers['cookie'] as string | undefined);
    if (id === undefined) return undefined;
    // Which one the browser set for this mesh cannot be told.
    if (more.length > 0) {
      throw new SessionError('ERR_SESSION_COOKIE', 'The request has two session cookies.');
    }
    const record = await this.#alive(id);
    const secret = headers[CSRF_HEADER];
    if (typeof secret !== 'string' || !isProof(record, secret)) {
      throw new SessionError(
        'ERR_CSRF_TOKEN',
        'X-CSRF-Token is missing, or is not the one of this session.',
      );
    }
    const reads = raw.method === 'GET' || raw.method === 'HEAD';
    if (!reads && headers['origin'] !== publicUrl()) {
      throw new SessionError('ERR_CSRF_ORIGIN', "Origin is not the mesh's public address.");
    }
    if (headers[UNATTENDED_HEADER] !== undefined) return record;
    const usedAt = clock.now();
    await store.touch(record.hash, usedAt);
    return { ...record, usedAt };
  }

  /** Ends the sessions that these cookies are of, whoever sends them: who signs in again leaves none behind. */
  async endOfCookies(ids: readonly string[], reason: EndReason): Promise<void> {
    for (const id of ids.filter((one) => is256Bits(one))) await this.end(digestOf(id), reason);
  }

  /** Ends all sessions of this owner. */
  async endOf(owner: SessionOwner, reason: EndReason): Promise<void> {
    for (const { hash } of await this.#options.store.ofOwner(owner)) await this.end(hash, reason);
  }

  /** Ends a session and the requests that run with it. The issuer is told in the background. */
  async end(hash: string, reason: EndReason): Promise<void> {
    const { store, logger } = this.#options;
    const record = await store.remove(hash);
    const end = this.#ends.get(hash);
    this.#ends.delete(hash);
    end?.abort(ended());
    if (record === undefined) return;
    logger.info({ event: 'session.ended', session: hash, reason }, 'a session ended');
    if (reason !== 'ended by the issuer') this.#revoke(record.tokens.refresh);
  }

  /** Looks for no more sessions that are over. May be called twice. */
  close(): void {
    this.#stopSweep();
  }

  #sessionOf({ hash, account, startedAt, usedAt }: SessionRecord): BrowserSession {
    const { idleMs, maxMs } = this.#options;
    let end = this.#ends.get(hash);
    if (end === undefined) {
      end = new AbortController();
      this.#ends.set(hash, end);
    }
    const endsAt = startedAt + maxMs;
    return {
      hash,
      ended: end.signal,
      account,
      endsAt: new Date(endsAt),
      idleEndsAt: new Date(Math.min(endsAt, usedAt + idleMs)),
    };
  }

  async #alive(id: string): Promise<SessionRecord> {
    const record = is256Bits(id) ? await this.#options.store.get(digestOf(id)) : undefined;
    if (record === undefined) throw ended();
    const why = this.#overBecause(record);
    if (why === undefined) return record;
    await this.end(record.hash, why);
    throw ended();
  }

  #overBecause({ startedAt, usedAt }: SessionRecord): 'over' | 'idle' | undefined {
    const { clock, idleMs, maxMs } = this.#options;
    const now = clock.now();
    if (now >= startedAt + maxMs) return 'over';
    return now >= usedAt + idleMs ? 'idle' : undefined;
  }

  /** A token that lives as long as a request may run, if there is a way to one. */
  async #withFreshTokens(record: SessionRecord): Promise<SessionRecord> {
    const { clock, requestMs } = this.#options;
    const { expiresAt, issuedAt, refresh } = record.tokens;
    const now = clock.now();
    const margin = Math.min(requestMs, (expiresAt - issuedAt) / 2);
    const isAlive = now < expiresAt;
    if (now < expiresAt - margin) return record;
    if (refresh === undefined) {
      if (isAlive) return record;
      await this.end(record.hash, 'over');
      throw ended();
    }
    if (isAlive && now < this.#issuerFailedAt + RETRY_MS) return record;
    try {
      return await this.#refreshOnce(record);
    } catch (error) {
      if (isAlive && !hasCode(error, 'ERR_SESSION_ENDED')) return record;
      throw error;
    }
  }

  /** All requests of a session wait for the same refresh: a refresh token works once, and twice looks like theft. */
  #refreshOnce(record: SessionRecord): Promise<SessionRecord> {
    const { hash } = record;
    let refreshing = this.#refreshing.get(hash);
    if (refreshing === undefined) {
      refreshing = this.#refresh(record).finally(() => this.#refreshing.delete(hash));
      this.#refreshing.set(hash, refreshing);
    }
    return refreshing;
  }

  async #refresh({ hash, tokens: { refresh } }: SessionRecord): Promise<SessionRecord> {
    const { store, issuer, clock, logger } = this.#options;
    const record = await store.get(hash);
    if (record === undefined) throw ended();
    // Another request was here in between: what it got is as fresh.
    if (record.tokens.refresh !== refresh) return record;
    let next: IssuedTokens;
    let token: AccessToken;
    try {
      next = await issuer.refresh(refresh!);
      token = await this.#verified(next, record);
    } catch (error) {
      if (hasCode(error, 'ERR_SESSION_ENDED')) {
        await this.end(hash, 'ended by the issuer');
        throw error;
      }
      this.#issuerFailedAt = clock.now();
      const code = error instanceof SignInError ? error.code : 'ERR_SIGN_IN_FAILED';
      logger.warn({ event: 'sign-in.refused', code, session: hash, err: error }, 'no new tokens');
      throw error;
    }
    const { issuer: by, subject } = record;
    const isSame =
      token.issuer === by &&
      token.subject === subject &&
      (next.person === undefined || next.person.subject === subject);
    if (!isSame) {
      await this.end(hash, 'the issuer answered for somebody else');
      throw ended();
    }
    const tokens = sessionTokens(
      { ...next, refreshToken: next.refreshToken ?? refresh },
      token,
      clock.now(),
    );
    if (await store.renew(hash, record.tokens, tokens)) return { ...record, tokens };
    // It ended meanwhile, and with it what was given just now.
    this.#revoke(tokens.refresh);
    throw ended();
  }

  /** The refresh token is kept in any case: the one before is used up. */
  async #verified(
    { accessToken, refreshToken }: IssuedTokens,
    { hash, tokens }: SessionRecord,
  ): Promise<AccessToken> {
    const { store, accessTokens } = this.#options;
    try {
      return await accessTokens.verify(accessToken);
    } catch (error) {
      await store.renew(hash, tokens, { ...tokens, refresh: refreshToken ?? tokens.refresh });
      throw error;
    }
  }

  #revoke(refreshToken: string | undefined): void {
    if (refreshToken === undefined) return;
    const { issuer, logger } = this.#options;
    void issuer.revoke(refreshToken).catch((error: unknown) => {
      logger.warn({ err: error }, 'the issuer was not told that a session is over');
    });
  }

  #scheduleSweep(): () => void {
    return this.#options.clock.after(SWEEP_MS, () => {
      this.#stopSweep = this.#scheduleSweep();
      void this.#sweep();
    });
  }

  async #sweep(): Promise<void> {
    const { store, clock, idleMs, maxMs } = this.#options;
    const now = clock.now();
    for (const record of await store.startedOrUsedBefore(now - maxMs, now - idleMs)) {
      await this.end(record.hash, this.#overBecause(record) ?? 'over');
    }
  }
}

function sessionTokens(
  { accessToken, refreshToken }: Omit<IssuedTokens, 'person'>,
  { expiresAt }: AccessToken,
  now: number,
): SessionTokens {
  return {
    access: accessToken,
    issuedAt: now,
    expiresAt: expiresAt * 1000,
    refresh: refreshToken,
  };
}

function ended(): SessionError {
  return new SessionError('ERR_SESSION_ENDED', 'The session is over.');
}

/**
 * What a page proves itself with: the secret that it was handed over, and behind it the one that it kept where it began the
 * sign-in. So nobody can put another's session into a browser, who knows the one and not the other.
 */
function isProof({ csrf, page }: SessionRecord, text: string): boolean {
  const [handedOver = '', kept, ...more] = text.split('.');
  const isOwn = page === undefined ? kept === undefined : isSecretOf(page, kept ?? '');
  return isSecretOf(csrf, handedOver) && isOwn && more.length === 0;
}

/** Hashes are of one length, and which of their letters differ tells nothing of the secret. */
function isSecretOf(hash: string, secret: string): boolean {
  return timingSafeEqual(Buffer.from(hash), Buffer.from(digestOf(secret)));
}
