import { visibleLine } from '../answer/visible-text.js';

/** Where a source stands, ready to be shown. */
export interface SourcePlace {
  readonly text: string;
  /** Set where it may be followed: http and https alone, never a script or data. */
  readonly href?: string;
  /** Whose page it is, for who follows it. */
  readonly host?: string;
}

/** The place that a URL names: of the mesh's own documents the path. */
export function placeOf(url: string): SourcePlace {
  const text = visibleLine(url.replace(/^documents:\/\/\//, ''));
  const href = webAddress(url);
  return href === undefined ? { text } : { text, href: href.href, host: href.host };
}

/** The URL if a browser may follow it; undefined for `javascript:`, `data:`, a relative one, one with a password, … */
export function webAddress(url: string): URL | undefined {
  if (!/^https?:\/\//i.test(url)) return undefined;
  const parsed = URL.parse(url);
  return parsed === null || parsed.username !== '' || parsed.password !== '' ? undefined : parsed;
}
