import { isLoopbackName } from '@mesh/agent';
import { is256Bits } from './secret.js';
import { SignInError } from './sign-in.error.js';

const MAX_LENGTH = 1024;
/** One slash, then visible ASCII; browsers take a backslash for a slash. */
const PATH = /^\/(?!\/)[\x21-\x5b\x5d-\x7e]*$/;

/**
 * The page that follows a sign-in: a path of this mesh, with query and fragment, as browsers resolve it. Default `/`.
 * @throws SignInError `ERR_SIGN_IN_TARGET` for anything that could lead elsewhere
 */
export function parseSignInTarget(to: unknown, publicUrl: string): string {
  if (to === undefined) return '/';
  if (typeof to !== 'string' || to.length > MAX_LENGTH || !PATH.test(to)) throw refused();
  const url = URL.parse(to, publicUrl);
  // Resolved, `/.//host` begins with two slashes: whoever follows it by itself leaves the mesh.
  if (url?.origin !== publicUrl || url.pathname.startsWith('//')) throw refused();
  return url.pathname + url.search + url.hash;
}

/**
 * Digest of the secret of the page that begins a sign-in; undefined where none does.
 * @throws SignInError `ERR_SIGN_IN_TARGET`
 */
export function parsePageDigest(page: unknown): string | undefined {
  if (page === undefined || (typeof page === 'string' && is256Bits(page))) return page;
  throw new SignInError('ERR_SIGN_IN_TARGET', 'The page that begins the sign-in is none.');
}

/**
 * Whether a request came to the mesh by another name of this machine than its public address has (`localhost`, not
 * `mesh.localhost`). Cookies of the one are none of the other, and the issuer leads back to the public one.
 * @param host `Host` of the request, which the gateway serves.
 */
export function isOtherName(host: string | undefined, publicUrl: string): boolean {
  const [asked, own] = [URL.parse(`http://${host ?? ''}`), new URL(publicUrl)];
  // Another port is another listener's, such as of a proxy, which may lead here by any name.
  if (asked === null || asked.hostname === own.hostname || asked.port !== own.port) return false;
  return isLoopbackName(asked) && isLoopbackName(own);
}

function refused(): SignInError {
  return new SignInError('ERR_SIGN_IN_TARGET', 'The page to go to is no path of this mesh.');
}
