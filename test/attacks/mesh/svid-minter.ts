import type { IssueOptions, Minted } from '@test/kit';

/** Signs whatever it is told to. A right SVID but for what the options say. */
export interface Minting {
  mint(options: IssueOptions): Promise<Minted>;
}

/**
 * All that the attacks need of an authority, besides the Workload API that every workload has: malformed SVIDs signed by a
 * CA that the mesh trusts, so that they are refused for their form and not for their signer. Here the authority of the
 * mesh is it (`MintingAuthority`); with SPIRE whoever holds the key of its upstream authority.
 */
export interface SvidMinter extends Minting {
  readonly trustDomain: string;
  /** DER of the CAs that vouch for the trust domain. */
  readonly authorities: readonly Uint8Array[];
  /** A CA of another trust domain, whose bundle the agents have too. */
  readonly federated: Minting;
  /** Another CA of the trust domain, in the bundle until it is removed. */
  addCa(): Promise<RemovableCa>;
}

export interface RemovableCa extends Minting {
  /** May be called twice. */
  remove(): void;
}
