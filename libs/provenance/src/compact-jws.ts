import { Certificate, MAX_CHAIN_LENGTH, SpiffeId } from '@mesh/spiffe';
import { AnswerError, rule } from './answer.error.js';
import { base64Bytes, base64Text, base64UrlBytes, base64UrlText } from './base64url.js';
import { type JsonObject, type JsonValue, parseStrictJson } from './strict-json.js';

/** `typ` of a statement: its wire form, version 1. */
export const STATEMENT_TYPE = 'mesh-statement+jwt';
/** Characters of a statement in compact form at most. */
export const MAX_STATEMENT_CHARACTERS = 65_536;

/** RFC 7518 3.1: what statements are signed with, after the SVID's key. */
export type StatementAlgorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256';

const ALGORITHMS: ReadonlySet<unknown> = new Set<StatementAlgorithm>([
  'ES256',
  'ES384',
  'RS256',
  'PS256',
]);
const MEMBERS: ReadonlySet<string> = new Set(['alg', 'kid', 'typ', 'x5c']);
/** They would let the signer say whose key counts. */
const KEY_MEMBERS: readonly string[] = ['jwk', 'jku', 'x5u', 'x5t', 'x5t#S256'];

/** A compact JWS whose form is right. Nothing of it is verified. */
export interface CompactJws {
  readonly algorithm: StatementAlgorithm;
  readonly keyId: SpiffeId;
  /** Leaf first. */
  readonly certificates: readonly Certificate[];
  readonly payload: JsonValue;
  readonly signature: Uint8Array<ArrayBuffer>;
  /** What the signature covers. */
  readonly signingInput: Uint8Array<ArrayBuffer>;
}

/**
 * Takes a JWS in compact form (RFC 7515 7.1) apart, strictly: three parts of canonical base64url; a header of exactly
 * `alg`, `kid`, `typ` and `x5c`; both JSON texts without a member twice; at most 65,536 characters.
 *
 * @throws AnswerError, JsonError with one code a rule
 */
export function decodeUnverified(compact: string): CompactJws {
  assertSize(compact);
  const parts = compact.split('.');
  const [header, payload, signature] = parts;
  rule(
    parts.length === 3 && header !== undefined && payload !== undefined && signature !== undefined,
    'ERR_ANSWER_COMPACT_PARTS',
    'A statement has other than three parts.',
  );
  return {
    ...decodedHeader(header),
    payload: jsonOf(bytesOf(payload)),
    signature: bytesOf(signature),
    signingInput: new TextEncoder().encode(`${header}.${payload}`),
  };
}

/** @throws AnswerError `ERR_ANSWER_STATEMENT_SIZE` */
export function assertSize(compact: string): void {
  rule(
    compact.length <= MAX_STATEMENT_CHARACTERS,
    'ERR_ANSWER_STATEMENT_SIZE',
    `A statement is longer than ${MAX_STATEMENT_CHARACTERS} characters.`,
  );
}

type Bytes = Uint8Array<ArrayBuffer>;

function bytesOf(part: string): Bytes {
  const bytes = base64UrlBytes(part);
  rule(
    bytes !== undefined,
    'ERR_ANSWER_BASE64URL',
    'A part of a statement is not canonical base64url without padding.',
  );
  return bytes;
}

function jsonOf(bytes: Bytes): JsonValue {
  let text: string;
  try {
    // A byte order mark is no part of JSON: it stays, and is refused there.
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new AnswerError('ERR_ANSWER_UTF8', 'A part of a statement is not UTF-8.', { cause });
  }
  return parseStrictJson(text, MAX_STATEMENT_CHARACTERS);
}

type Header = Pick<CompactJws, 'algorithm' | 'keyId' | 'certificates'>;

/** Headers by their text: all statements of an SVID have the same one. */
const headers = new Map<string, Header>();
const MAX_HEADERS = 64;

function decodedHeader(part: string): Header {
  const known = headers.get(part);
  if (known !== undefined) return known;
  const header = headerOf(jsonOf(bytesOf(part)));
  const [oldest] = headers.keys();
  if (headers.size >= MAX_HEADERS && oldest !== undefined) headers.delete(oldest);
  headers.set(part, header);
  return header;
}

function headerOf(json: JsonValue): Header {
  rule(
    isObject(json),
    'ERR_ANSWER_HEADER_MALFORMED',
    'The protected header of a statement is not an object.',
  );
  rule(
    KEY_MEMBERS.every((name) => !Object.hasOwn(json, name)),
    'ERR_ANSWER_HEADER_KEY',
    'A statement brings a key along, or the address or the print of one.',
  );
  rule(!Object.hasOwn(json, 'b64'), 'ERR_ANSWER_HEADER_B64', 'A statement has the option b64.');
  // None is understood, and RFC 7515 4.1.11 allows no empty list.
  rule(
    !Object.hasOwn(json, 'crit'),
    'ERR_ANSWER_HEADER_CRIT',
    'A statement has critical members that are not understood.',
  );
  rule(
    Object.keys(json).every((name) => MEMBERS.has(name)),
    'ERR_ANSWER_HEADER_MEMBER',
    'The protected header of a statement has a member that is not known.',
  );
  rule(
    ALGORITHMS.has(json.alg),
    'ERR_ANSWER_ALGORITHM',
    'A statement is signed by an algorithm other than ES256, ES384, RS256 and PS256.',
  );
  rule(
    json.typ === STATEMENT_TYPE,
    'ERR_ANSWER_TYPE',
    `A statement is not of type ${STATEMENT_TYPE}.`,
  );
  return {
    algorithm: json.alg as StatementAlgorithm,
    keyId: keyIdOf(json.kid),
    certificates: certificatesOf(json.x5c),
  };
}

function keyIdOf(kid: JsonValue | undefined): SpiffeId {
  rule(typeof kid === 'string', 'ERR_ANSWER_KEY_ID', 'A statement has no kid.');
  try {
    return SpiffeId.parse(kid);
  } catch (cause) {
    throw new AnswerError('ERR_ANSWER_KEY_ID', 'The kid of a statement is not a SPIFFE ID.', {
      cause,
    });
  }
}

/** RFC 7515 4.1.6: base64 with padding, not base64url. */
function certificatesOf(x5c: JsonValue | undefined): readonly Certificate[] {
  rule(
    Array.isArray(x5c) && x5c.length >= 1 && x5c.length <= MAX_CHAIN_LENGTH,
    'ERR_ANSWER_CERTIFICATES',
    `A statement brings other than 1 to ${MAX_CHAIN_LENGTH} certificates.`,
  );
  return (x5c as readonly JsonValue[]).map((text) => {
    const der = typeof text === 'string' ? base64Bytes(text) : undefined;
    rule(der !== undefined, 'ERR_ANSWER_CERTIFICATES', 'A certificate is not base64.');
    try {
      return Certificate.parse(der);
    } catch (cause) {
      throw new AnswerError('ERR_ANSWER_CERTIFICATES', 'A certificate cannot be read.', { cause });
    }
  });
}

/** The first part of the compact form. */
export function encodeHeader(header: Header): string {
  return encodePart(
    JSON.stringify({
      alg: header.algorithm,
      kid: header.keyId.toString(),
      typ: STATEMENT_TYPE,
      x5c: header.certificates.map((certificate) => base64Text(certificate.raw)),
    }),
  );
}

/** A part of the compact form that is text. */
export function encodePart(text: string): string {
  return base64UrlText(new TextEncoder().encode(text));
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
