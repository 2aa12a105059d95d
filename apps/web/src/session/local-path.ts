/**
 * The path of this origin that the text is, or undefined: what a link brings along must not lead elsewhere.
 * @param origin Of this page
 */
export function localPath(text: string | null, origin: string): string | undefined {
  // A browser reads `\` as `/`, and drops tabs and newlines before it looks.
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  if (!text?.startsWith('/') || /[\\\u0000-\u0020\u007f]/.test(text)) return undefined;
  if (text.length > 2048 || text.startsWith('//') || !URL.canParse(text, origin)) return undefined;
  const url = new URL(text, origin);
  // After `.` and `..` are resolved it may start with two slashes.
  if (url.origin !== origin || url.pathname.startsWith('//')) return undefined;
  return url.pathname + url.search + url.hash;
}

/** Where the browser may go after signing out: this origin or the issuer's; else undefined. */
export function signOutTarget(
  location: unknown,
  { origin, issuer }: { origin: string; issuer: string },
): string | undefined {
  if (typeof location !== 'string' || !URL.canParse(location, origin)) return undefined;
  const url = new URL(location, origin);
  if (!['https:', 'http:'].includes(url.protocol)) return undefined;
  const allowed = [origin, ...(URL.canParse(issuer) ? [new URL(issuer).origin] : [])];
  return allowed.includes(url.origin) ? url.href : undefined;
}
