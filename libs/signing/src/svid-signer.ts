import { constants, type KeyObject, sign, type SignKeyObjectInput } from 'node:crypto';
import type { X509Svid } from '@mesh/identity';
import type { StatementAlgorithm, StatementSigner } from '@mesh/provenance';

const signers = new WeakMap<X509Svid, StatementSigner>();

/** Signs with the SVID's key, by the algorithm that is for it. One an SVID, so that its certificates are encoded once. */
export function svidSigner(svid: X509Svid): StatementSigner {
  let signer = signers.get(svid);
  if (signer === undefined) signers.set(svid, (signer = signerOf(svid)));
  return signer;
}

function signerOf({ certificates, privateKey }: X509Svid): StatementSigner {
  const algorithm = algorithmOf(privateKey);
  const hash = algorithm === 'ES384' ? 'sha384' : 'sha256';
  const key: SignKeyObjectInput =
    algorithm === 'PS256'
      ? {
          key: privateKey,
          padding: constants.RSA_PKCS1_PSS_PADDING,
          saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
        }
      : // RFC 7518 3.4: r and s side by side, not DER.
        { key: privateKey, dsaEncoding: 'ieee-p1363' };
  return { algorithm, certificates, sign: (data) => sign(hash, data, key) };
}

function algorithmOf(key: KeyObject): Exclude<StatementAlgorithm, 'RS256'> {
  if (key.asymmetricKeyType === 'rsa') return 'PS256';
  switch (key.asymmetricKeyDetails?.namedCurve) {
    case 'prime256v1':
      return 'ES256';
    case 'secp384r1':
      return 'ES384';
    default:
      // X509Svid takes no other.
      throw new TypeError("The SVID's key fits no algorithm.");
  }
}
