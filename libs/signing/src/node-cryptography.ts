import type { KeyObject } from 'node:crypto';
import { isJwsSignature, jwsAlgorithmsOf, publicKeyOf } from '@mesh/identity';
import { AnswerError, type Cryptography, type StatementAlgorithm } from '@mesh/provenance';
import { sha256 } from './sha256.js';

/** Node's own, at once: WebCrypto goes through the thread pool for each digest and each signature. */
export const nodeCryptography: Cryptography = {
  digest: sha256,
  signedBy: (publicKeyInfo, { algorithm, signature, signingInput }) =>
    isJwsSignature(algorithm, keyOf(publicKeyInfo, algorithm), signingInput, signature),
};

/** Keys that were read, by the certificate's own bytes. */
const keys = new WeakMap<Uint8Array, KeyObject>();

function keyOf(publicKeyInfo: Uint8Array, algorithm: StatementAlgorithm): KeyObject {
  let key = keys.get(publicKeyInfo);
  if (key === undefined) {
    try {
      key = publicKeyOf(publicKeyInfo);
    } catch (cause) {
      throw unfit(algorithm, cause);
    }
    keys.set(publicKeyInfo, key);
  }
  if (jwsAlgorithmsOf(key).includes(algorithm)) return key;
  throw unfit(algorithm);
}

function unfit(algorithm: StatementAlgorithm, cause?: unknown): AnswerError {
  return new AnswerError(
    'ERR_ANSWER_ALGORITHM_KEY',
    `The key of the certificate is none for ${algorithm}.`,
    cause === undefined ? {} : { cause },
  );
}
