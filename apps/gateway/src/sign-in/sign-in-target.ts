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

function refused(): SignInError {
  return new SignInError('ERR_SIGN_IN_TARGET', 'The page to go to is no path of this mesh.');
}
