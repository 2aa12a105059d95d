import { TxnTokenError } from './txn-token.error.js';

export interface CompactJws {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly signature: Uint8Array;
  /** What is signed: the first two parts with the dot between them. */
  readonly signingInput: Uint8Array;
}

/**
 * Reads the compact serialization (RFC 7515 3.1) so strictly that a token has one text alone: no padding, no spare bits
 * in base64url, and JSON exactly as `JSON.stringify` writes it, hence no white space and no member twice. The token
 * service writes it so, and a text that nobody writes has no use but to confuse.
 * @throws TxnTokenError `ERR_TOKEN_MALFORMED`
 */
export function parseCompactJws(text: string): CompactJws {
  const parts = text.split('.', 4);
  const [header, payload, signature] = parts;
  if (parts.length !== 3 || header === undefined || payload === undefined || !signature) {
    throw malformed('it does not have three parts');
  }
  return {
    header: jsonOf(bytesOf(header), 'header'),
    payload: jsonOf(bytesOf(payload), 'payload'),
    signature: bytesOf(signature),
    signingInput: Buffer.from(`${header}.${payload}`, 'latin1'),
  };
}

function bytesOf(part: string): Buffer {
  const bytes = Buffer.from(part, 'base64url');
  // Node reads over what is no base64url; written again it is another text.
  if (bytes.toString('base64url') !== part) {
    throw malformed('a part of it is not canonical base64url');
  }
  return bytes;
}

function jsonOf(bytes: Buffer, part: string): Record<string, unknown> {
  let value: unknown;
  const text = bytes.toString('utf8');
  try {
    value = JSON.parse(text);
  } catch {
    // The parser's message quotes the text.
    throw malformed(`its ${part} is not JSON`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`its ${part} is not an object`);
  }
  // Compared as bytes: invalid UTF-8 would be equal as text, once it is replaced.
  if (!Buffer.from(JSON.stringify(value)).equals(bytes)) {
    throw malformed(`its ${part} is not written in the one way it may be`);
  }
  return value as Record<string, unknown>;
}

function malformed(what: string): TxnTokenError {
  return new TxnTokenError('ERR_TOKEN_MALFORMED', `The token is malformed: ${what}.`);
}
