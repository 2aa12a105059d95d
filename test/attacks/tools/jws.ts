import { createHmac, createPrivateKey, sign } from 'node:crypto';
import type { Minted } from '@test/kit';

/** A JSON object of any members. */
export type Members = Readonly<Record<string, unknown>>;

/** The parts of a compact JWS, read without asking whether it holds. */
export interface Jws {
  readonly header: Members;
  readonly payload: Members;
}

export function read(compact: string): Jws {
  const [header = '', payload = ''] = compact.split('.');
  return { header: jsonOf(header), payload: jsonOf(payload) };
}

/** How a text is signed: what comes of the two parts with the dot between them. */
export type Signer = (input: string) => Buffer;

/** By a private key (PKCS #8) on P-256, as ES256 has it. */
export function es256(keyPem: string, hash: 'sha256' | 'sha384' = 'sha256'): Signer {
  const key = createPrivateKey(keyPem);
  return (input) => sign(hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
}

/** By a secret, as HS256 has it. */
export function hs256(secret: string | Uint8Array): Signer {
  return (input) => createHmac('sha256', secret).update(input).digest();
}

/** @param text How the parts are written. Default as `JSON.stringify` does. */
export function write(
  { header, payload }: Jws,
  signer: Signer,
  text: (members: Members) => string = JSON.stringify,
): string {
  const input = `${base64url(text(header))}.${base64url(text(payload))}`;
  return `${input}.${signer(input).toString('base64url')}`;
}

/** `x5c` of an SVID (RFC 7515 4.1.6). */
export function x5cOf({ chainPem }: Minted): string[] {
  return [...chainPem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END/g)].map(
    ([, base64 = '']) => base64.replace(/\s/g, ''),
  );
}

export function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}

function jsonOf(part: string): Members {
  return JSON.parse(Buffer.from(part, 'base64url').toString()) as Members;
}
