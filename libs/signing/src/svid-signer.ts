import { jwsAlgorithmsOf, signJws, type X509Svid } from '@mesh/identity';
import type { StatementSigner } from '@mesh/provenance';

const signers = new WeakMap<X509Svid, StatementSigner>();

/** Signs with the SVID's key, by the algorithm that is for it. One an SVID, so that its certificates are encoded once. */
export function svidSigner(svid: X509Svid): StatementSigner {
  let signer = signers.get(svid);
  if (signer === undefined) signers.set(svid, (signer = signerOf(svid)));
  return signer;
}

function signerOf({ certificates, privateKey }: X509Svid): StatementSigner {
  const [algorithm] = jwsAlgorithmsOf(privateKey);
  // X509Svid takes no other.
  if (algorithm === undefined) throw new TypeError("The SVID's key fits no algorithm.");
  return { algorithm, certificates, sign: (data) => signJws(algorithm, privateKey, data) };
}
