import { type Digest, digestOf } from './digest.js';
import { type Signed, signedBy } from './signature.js';

/** What a verifier asks of cryptography, at once or by a promise. */
export interface Cryptography {
  /** SHA-256 of the text as UTF-8. */
  digest(text: string): Digest | Promise<Digest>;
  /**
   * Whether the key signed it.
   * @param publicKeyInfo SubjectPublicKeyInfo (DER) of the leaf; not to be written to.
   * @throws AnswerError `ERR_ANSWER_ALGORITHM_KEY` where the key is of another kind than the algorithm is for
   */
  signedBy(publicKeyInfo: Uint8Array, signed: Signed): boolean | Promise<boolean>;
}

/** WebCrypto: of browsers, and of Node. */
export const webCryptography: Cryptography = { digest: digestOf, signedBy };
