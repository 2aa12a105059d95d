/** Without padding (RFC 7515 2). */
export function base64UrlText(bytes: Uint8Array): string {
  return base64Text(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

/**
 * Bytes of base64url, or undefined for anything but the one text they are written as: no padding, no white space, and
 * nothing in the bits of the last character that do not count.
 */
export function base64UrlBytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) return undefined;
  const bytes = decoded(text.replaceAll('-', '+').replaceAll('_', '/'));
  return base64UrlText(bytes) === text ? bytes : undefined;
}

/** With padding (RFC 4648 4), as `x5c` has it. */
export function base64Text(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Bytes of padded base64, or undefined for anything but the one text they are written as. */
export function base64Bytes(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4 !== 0) return undefined;
  const bytes = decoded(text);
  return base64Text(bytes) === text ? bytes : undefined;
}

function decoded(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
