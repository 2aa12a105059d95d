import { base64url } from '../api/base64url.js';

/** In this tab alone, over the way to the issuer and back. */
const KEY = 'mesh-sign-in';

/**
 * Begins a sign-in whose session opens for this page alone. Other programs of the machine can set cookies of its names,
 * those of a sign-in and of a session of their own among them; what this page keeps they neither read nor set.
 * @param leave Goes to an address
 */
export async function beginSignIn(to: string, leave: (address: string) => void): Promise<void> {
  const secret = base64url(crypto.getRandomValues(new Uint8Array(32)));
  sessionStorage.setItem(KEY, secret);
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(secret));
  const query = new URLSearchParams({ to, page: base64url(new Uint8Array(digest)) });
  leave(`/sign-in?${query.toString()}`);
}

/** What this tab has kept since it began a sign-in; once. */
export function takeOwnSecret(): string | undefined {
  try {
    const secret = sessionStorage.getItem(KEY) ?? undefined;
    sessionStorage.removeItem(KEY);
    return secret;
  } catch {
    return undefined;
  }
}
