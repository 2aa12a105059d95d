import type { Minted } from '@test/kit';
import { es256, type Members, read, type Signer, write, x5cOf } from './jws.js';

/** What is wrong with a forged token; what is left out is right. */
export interface TokenDefect {
  readonly header?: Members;
  readonly claims?: (claims: Members) => Members;
  /** Whose key signs, and whose certificate stands in `x5c`. Default: the token service's. */
  readonly signer?: Minted;
  /** Default: by the signer's key. */
  readonly sign?: Signer;
  /** Of the whole text, last. */
  readonly text?: (token: string) => string;
}

/**
 * A transaction token signed anew by whoever has the token service's key, with something wrong in it or nothing.
 * @param token A right one, as the token service gave it.
 */
export function forge(token: string, tts: Minted, defect: TokenDefect = {}): string {
  const { payload } = read(token);
  const { signer = tts, sign = es256(signer.keyPem), text = (whole) => whole } = defect;
  const header = { typ: 'txntoken+jwt', alg: 'ES256', x5c: x5cOf(signer), ...defect.header };
  return text(write({ header, payload: defect.claims?.(payload) ?? payload }, sign));
}

export function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
