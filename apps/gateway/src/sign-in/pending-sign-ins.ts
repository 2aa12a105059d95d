import type { Clock } from '@mesh/identity';
import { digestOf, randomSecret } from './secret.js';
import { SignInError } from './sign-in.error.js';

/** How long a person may take at the issuer, in seconds. */
export const PENDING_SECONDS = 600;
const MAX_PENDING = 10_000;
/** Of one browser: its tabs. The oldest gives way. */
const MAX_OF_BROWSER = 16;

/** A sign-in that was begun here and is gone on with at the issuer. */
export interface PendingSignIn {
  readonly state: string;
  readonly nonce: string;
  /** Of PKCE (RFC 7636). */
  readonly verifier: string;
  /** The page that follows. */
  readonly to: string;
  /** SHA-256 of the secret of the page that began it, base64url; undefined where a link did. */
  readonly page: string | undefined;
}

interface Kept extends PendingSignIn {
  /** SHA-256 of the value in the browser's cookie. */
  readonly browser: string;
  readonly until: number;
}

/**
 * Sign-ins under way. Each works once, for ten minutes, in the browser that began it: the browser is known by a cookie
 * of 256 random bits, which all its tabs have in common.
 */
export class PendingSignIns {
  /** By `state`, the oldest first. */
  readonly #pending = new Map<string, Kept>();

  constructor(private readonly clock: Pick<Clock, 'now'>) {}

  /**
   * @param cookies The browser's, from a sign-in before.
   * @param page As `PendingSignIn` has it.
   * @returns with the value that the browser's cookie is to have
   */
  begin(
    to: string,
    cookies: readonly string[],
    page?: string,
  ): PendingSignIn & { readonly cookie: string } {
    this.#forgetOld();
    const [known, ...more] = cookies;
    const tabs = known === undefined || more.length > 0 ? [] : this.#of(digestOf(known));
    // A value that nobody was given here is none: a new one is made.
    const cookie = tabs.length > 0 ? known! : randomSecret();
    const browser = digestOf(cookie);
    if (tabs.length >= MAX_OF_BROWSER) this.#pending.delete(tabs[0]!.state);
    // Whoever begins many keeps nobody else from signing in: those that are finished at once come before.
    if (this.#pending.size >= MAX_PENDING) this.#pending.delete(this.#pending.keys().next().value!);
    const pending = {
      state: randomSecret(),
      nonce: randomSecret(),
      verifier: randomSecret(),
      to,
      page,
    };
    const until = this.clock.now() + PENDING_SECONDS * 1000;
    this.#pending.set(pending.state, { ...pending, browser, until });
    return { ...pending, cookie };
  }

  /**
   * The sign-in that an answer of the issuer belongs to; it is over with this.
   * @throws SignInError `ERR_SIGN_IN_STATE`
   */
  take(state: string, cookies: readonly string[]): PendingSignIn {
    this.#forgetOld();
    const found = this.#pending.get(state);
    // One that is over is still there where the clock was set back: behind one from before that.
    const isOver = found === undefined || found.until <= this.clock.now();
    // Of another browser it stays as it is: whoever brings it may not end it either.
    if (isOver || !cookies.some((one) => digestOf(one) === found.browser)) {
      throw new SignInError(
        'ERR_SIGN_IN_STATE',
        'The answer belongs to no sign-in that this browser has under way.',
      );
    }
    this.#pending.delete(state);
    return found;
  }

  #of(browser: string): readonly Kept[] {
    return [...this.#pending.values()].filter((one) => one.browser === browser);
  }

  #forgetOld(): void {
    const now = this.clock.now();
    for (const { state, until } of this.#pending.values()) {
      if (until > now) return;
      this.#pending.delete(state);
    }
  }
}
