import { SpiffeIdError } from './spiffe-id.error.js';
import { TrustDomain } from './trust-domain.js';

const SCHEME = 'spiffe://';
/** SPIFFE-ID 2.3: every implementation supports as much, and none should make a longer one. */
const MAX_BYTES = 2048;
const SEGMENT = /^[a-zA-Z0-9._-]*$/;

/**
 * A SPIFFE ID: `spiffe://trust-domain/path` (SPIFFE-ID 2). Immutable; one that exists is valid. The path is empty
 * for the ID of the trust domain itself, and begins with a slash otherwise.
 *
 * @example
 * const writer = SpiffeId.parse('spiffe://mesh.local/ns/agents/sa/writer');
 * writer.trustDomain.name; // 'mesh.local'
 * writer.path; // '/ns/agents/sa/writer'
 */
export class SpiffeId {
  private constructor(
    readonly trustDomain: TrustDomain,
    readonly path: string,
  ) {
    Object.freeze(this);
  }

  /**
   * Reads an ID strictly: nothing is trimmed, decoded or changed to lower case.
   * @throws SpiffeIdError with the code of the rule that is broken.
   */
  static parse(text: string): SpiffeId {
    if (text === '') throw new SpiffeIdError('ERR_SPIFFE_ID_EMPTY', 'The SPIFFE ID is empty.');
    // The allowed characters are ASCII, so characters are bytes in whatever passes the rules below.
    if (text.length > MAX_BYTES) {
      throw new SpiffeIdError(
        'ERR_SPIFFE_ID_TOO_LONG',
        `The SPIFFE ID is longer than ${MAX_BYTES} bytes.`,
      );
    }
    if (!text.startsWith(SCHEME)) {
      throw new SpiffeIdError(
        'ERR_SPIFFE_ID_SCHEME',
        `The SPIFFE ID does not begin with ${SCHEME}.`,
      );
    }
    const slash = text.indexOf('/', SCHEME.length);
    const end = slash === -1 ? text.length : slash;
    const path = text.slice(end);
    const trustDomain = TrustDomain.ofName(text.slice(SCHEME.length, end));
    assertPath(path);
    return new SpiffeId(trustDomain, path);
  }

  /**
   * The ID with this path, which is empty or begins with a slash.
   * @throws SpiffeIdError
   */
  static fromPath(trustDomain: TrustDomain, path: string): SpiffeId {
    assertPath(path);
    return SpiffeId.bounded(trustDomain, path);
  }

  /**
   * The ID whose path has these segments. A slash inside a segment is refused, so that a name from elsewhere cannot
   * add a segment.
   * @throws SpiffeIdError
   */
  static fromSegments(trustDomain: TrustDomain, ...segments: string[]): SpiffeId {
    segments.forEach(assertSegment);
    return SpiffeId.bounded(trustDomain, segments.map((segment) => `/${segment}`).join(''));
  }

  private static bounded(trustDomain: TrustDomain, path: string): SpiffeId {
    if (SCHEME.length + trustDomain.name.length + path.length > MAX_BYTES) {
      throw new SpiffeIdError(
        'ERR_SPIFFE_ID_TOO_LONG',
        `The SPIFFE ID is longer than ${MAX_BYTES} bytes.`,
      );
    }
    return new SpiffeId(trustDomain, path);
  }

  memberOf(trustDomain: TrustDomain): boolean {
    return this.trustDomain.equals(trustDomain);
  }

  equals(other: SpiffeId): boolean {
    return this.path === other.path && this.trustDomain.equals(other.trustDomain);
  }

  toString(): string {
    return `${SCHEME}${this.trustDomain.name}${this.path}`;
  }

  toJSON(): string {
    return this.toString();
  }
}

function assertPath(path: string): void {
  if (path === '') return;
  if (!path.startsWith('/')) {
    throw new SpiffeIdError(
      'ERR_SPIFFE_ID_PATH_LEADING_SLASH',
      'The path does not begin with a slash.',
    );
  }
  if (path.endsWith('/')) {
    throw new SpiffeIdError('ERR_SPIFFE_ID_PATH_TRAILING_SLASH', 'The path ends in a slash.');
  }
  path.slice(1).split('/').forEach(assertSegment);
}

function assertSegment(segment: string): void {
  if (segment === '') {
    throw new SpiffeIdError('ERR_SPIFFE_ID_PATH_SEGMENT_EMPTY', 'A segment of the path is empty.');
  }
  if (segment === '.' || segment === '..') {
    throw new SpiffeIdError(
      'ERR_SPIFFE_ID_PATH_SEGMENT_DOTS',
      'A segment of the path is "." or "..".',
    );
  }
  if (!SEGMENT.test(segment)) {
    throw new SpiffeIdError(
      'ERR_SPIFFE_ID_PATH_CHARACTER',
      'The path has a character other than letters, digits, dots, dashes and underscores.',
    );
  }
}
