/** Of the last characters, those alone whose bits that do not count are zero. */
const BASE64URL =
  /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-][AQgw]|[A-Za-z0-9_-]{2}[AEIMQUYcgkosw048])?$/;
const BASE64 =
  /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?$/;

/** Without padding (RFC 7515 2). */
export function base64UrlText(bytes: Uint8Array): string {
  return base64Text(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * Bytes of base64url, or undefined for anything but the one text they are written as: no padding, no white space, and
 * nothing in the bits of the last character that do not count.
 */
export function base64UrlBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!BASE64URL.test(text)) return undefined;
  return decoded(text.replaceAll('-', '+').replaceAll('_', '/'));
}

/** With padding (RFC 4648 4), as `x5c` has it. */
export function base64Text(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Bytes of padded base64, or undefined for anything but the one text they are written as. */
export function base64Bytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  return BASE64.test(text) ? decoded(text) : undefined;
}

function decoded(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  // Uint8Array.from with a function takes thirty times as long.
  for (let index = 0; index < bytes.length; index += 1) bytes[index] = binary.charCodeAt(index);
  return bytes;
}
