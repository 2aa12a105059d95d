import { X509Certificate } from '@peculiar/x509';
import { type Minted, MintedCa, newKeys } from '@test/kit';
import type { SvidMinter } from '../mesh/svid-minter.js';

/** An SVID that a workload issued with its own: a chain to a trusted CA, through one that is none. */
export async function issuedByWorkload(
  minter: SvidMinter,
  workload: string,
  uri: string,
): Promise<Minted> {
  const { keys, certificateDer } = await minter.mint({ uri: workload });
  const certificate = new X509Certificate(new Uint8Array(certificateDer));
  return new MintedCa(minter.trustDomain, keys, certificate, [certificateDer]).issue({ uri });
}

/** An SVID in the name of a trusted CA, signed by another key. */
export async function inTheNameOfTheCa(minter: SvidMinter, uri: string): Promise<Minted> {
  return minter.mint({ uri, signedBy: await newKeys() });
}
