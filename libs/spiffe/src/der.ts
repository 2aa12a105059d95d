import { CertificateError } from './certificate.error.js';

/** Tags of the types that certificates are made of (X.690 8.1.2, one byte each). */
export const Tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  teletexString: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

const MAX_OID_BYTES = 32;

/** One element: `raw` is all of it, `content` what its length covers. Both are views, not copies. */
export interface DerElement {
  readonly tag: number;
  readonly content: Uint8Array;
  readonly raw: Uint8Array;
}

export function malformed(what: string): CertificateError {
  return new CertificateError(
    'ERR_CERTIFICATE_MALFORMED',
    `The certificate is malformed: ${what}.`,
  );
}

/**
 * The element at `offset`. DER alone: no indefinite and no needlessly long lengths, so that what is read here is what
 * was signed and what every other reader sees.
 */
export function elementAt(bytes: Uint8Array, offset: number): DerElement {
  const tag = bytes[offset];
  let length = bytes[offset + 1];
  if (tag === undefined || length === undefined) throw malformed('an element is cut off');
  if ((tag & 0x1f) === 0x1f) throw malformed('a tag has more than one byte');
  let start = offset + 2;
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (count === 0 || count > 3) throw malformed('a length is not DER');
    length = 0;
    for (let index = 0; index < count; index += 1) {
      const byte = bytes[start + index];
      if (byte === undefined) throw malformed('an element is cut off');
      length = length * 256 + byte;
    }
    start += count;
    if (length < 0x80 || length < 256 ** (count - 1)) throw malformed('a length is not DER');
  }
  const end = start + length;
  if (end > bytes.length) throw malformed('an element is cut off');
  return { tag, content: bytes.subarray(start, end), raw: bytes.subarray(offset, end) };
}

/** All elements that stand one after another in `bytes`, to the last byte. */
export function elements(bytes: Uint8Array): DerElement[] {
  const found: DerElement[] = [];
  for (let offset = 0; offset < bytes.length;) {
    const element = elementAt(bytes, offset);
    found.push(element);
    offset += element.raw.length;
  }
  return found;
}

/** The one element that `bytes` is, of the tag. */
export function only(bytes: Uint8Array, tag: number, what: string): DerElement {
  const element = expect(elementAt(bytes, 0), tag, what);
  if (element.raw.length !== bytes.length) throw malformed(`${what} has trailing bytes`);
  return element;
}

export function expect(element: DerElement | undefined, tag: number, what: string): DerElement {
  if (element?.tag !== tag) throw malformed(`${what} is missing or of another type`);
  return element;
}

/** The elements of a SEQUENCE. */
export function sequenceOf(bytes: Uint8Array, what: string): DerElement[] {
  return elements(only(bytes, Tag.sequence, what).content);
}

export function booleanOf(element: DerElement): boolean {
  const value = element.content[0];
  if (element.content.length !== 1 || (value !== 0 && value !== 0xff)) {
    throw malformed('a boolean is not DER');
  }
  return value === 0xff;
}

/** The bytes of an INTEGER that is not negative, without the byte that only carries its sign. */
export function magnitudeOf(element: DerElement): Uint8Array {
  const [first, second] = element.content;
  if (first === undefined) throw malformed('an integer is empty');
  if (first >= 0x80) throw malformed('an integer is negative');
  if (first === 0 && second !== undefined) {
    if (second < 0x80) throw malformed('an integer is not DER');
    return element.content.subarray(1);
  }
  return element.content;
}

/** A small INTEGER that is not negative. */
export function smallIntegerOf(element: DerElement): number {
  const bytes = magnitudeOf(element);
  if (bytes.length > 4) throw malformed('an integer is too large');
  return bytes.reduce((value, byte) => value * 256 + byte, 0);
}

/** Dotted text of an OBJECT IDENTIFIER. */
export function oidOf(element: DerElement): string {
  // It may stand in a message later, so it is bounded.
  if (element.content.length > MAX_OID_BYTES) throw malformed('an object identifier is too long');
  const arcs: number[] = [];
  let arc = 0;
  let open = false;
  for (const byte of element.content) {
    if (!open && byte === 0x80) throw malformed('an object identifier is not DER');
    arc = arc * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(arc)) throw malformed('an object identifier is too large');
    open = byte >= 0x80;
    if (open) continue;
    if (arcs.length === 0) {
      const root = Math.min(Math.floor(arc / 40), 2);
      arcs.push(root, arc - root * 40);
    } else {
      arcs.push(arc);
    }
    arc = 0;
  }
  if (open || arcs.length === 0) throw malformed('an object identifier is cut off');
  return arcs.join('.');
}

/** The bytes of a BIT STRING that is made of whole bytes. */
export function wholeBytesOf(element: DerElement): Uint8Array {
  if (element.content[0] !== 0) throw malformed('a bit string is not made of whole bytes');
  return element.content.subarray(1);
}

/** The bits that are set in a BIT STRING with named bits, by their number. */
export function namedBitsOf(element: DerElement): Set<number> {
  const [unused, ...bytes] = element.content;
  const last = bytes.at(-1) ?? 0;
  // X.690 11.2.2: no trailing zero bits, and the unused ones are zero.
  const canonical =
    unused === undefined || unused > 7
      ? false
      : bytes.length === 0
        ? unused === 0
        : (last & ((1 << unused) - 1)) === 0 && (last >> unused) % 2 === 1;
  if (!canonical) throw malformed('a bit string is not DER');
  const set = new Set<number>();
  bytes.forEach((byte, index) => {
    for (let bit = 0; bit < 8; bit += 1) if (byte & (0x80 >> bit)) set.add(index * 8 + bit);
  });
  return set;
}

/** UTCTime or GeneralizedTime in the one form that RFC 5280 4.1.2.5 allows. */
export function timeOf(element: DerElement | undefined): Date {
  const text = element === undefined ? '' : String.fromCharCode(...element.content.subarray(0, 20));
  const short = element?.tag === Tag.utcTime && /^\d{12}Z$/.test(text);
  const long = element?.tag === Tag.generalizedTime && /^\d{14}Z$/.test(text);
  if (!short && !long) throw malformed('a time is not in the form of RFC 5280');
  const full = long ? text : `${Number(text.slice(0, 2)) < 50 ? '20' : '19'}${text}`;
  const iso = full.replace(/(....)(..)(..)(..)(..)(..)Z/, '$1-$2-$3T$4:$5:$6.000Z');
  const time = new Date(iso);
  // Date rolls 30 February over; an authority that writes it is not one to guess for.
  if (Number.isNaN(time.getTime()) || time.toISOString() !== iso) {
    throw malformed('a time does not exist');
  }
  return time;
}

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += HEX[byte];
  return text;
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
