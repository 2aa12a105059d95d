import { X509Certificate } from 'node:crypto';
import {
  bundlesResponse,
  concatenated,
  type FakeCall,
  FakeWorkloadApi,
  type IssueOptions,
  mintCa,
  type Minted,
  type MintedCa,
  svidEntry,
  svidResponse,
} from '@test/kit';
import type { Minting, RemovableCa, SvidMinter } from './svid-minter.js';

interface Workload {
  readonly api: FakeWorkloadApi;
  readonly id: string;
  readonly svid: Minted;
  readonly streams: Set<(what: Messages) => void>;
}

interface Messages {
  readonly svids: Uint8Array;
  readonly bundles: Uint8Array;
}

/**
 * The authority of the attacked mesh: a CA whose key the suite holds, and a Workload API (real gRPC, one socket a
 * workload) that serves its SVIDs. The agents cannot tell it from SPIRE's agent.
 */
export class MintingAuthority implements SvidMinter {
  readonly #workloads = new Map<string, Workload>();
  #cas: MintedCa[];

  private constructor(
    readonly trustDomain: string,
    private readonly ca: MintedCa,
    private readonly federatedCa: MintedCa,
  ) {
    this.#cas = [ca];
  }

  static async start(
    trustDomain: string,
    federatedDomain: string,
    workloads: Readonly<Record<string, string>>,
  ): Promise<MintingAuthority> {
    // It has been there for a while, so that what is old can be signed too.
    const notBefore = new Date(Date.now() - 3_600_000);
    const authority = new MintingAuthority(
      trustDomain,
      await mintCa({ trustDomain, name: 'attacked', notBefore }),
      await mintCa({ trustDomain: federatedDomain, name: 'federated', notBefore }),
    );
    for (const [name, id] of Object.entries(workloads)) {
      const api = await FakeWorkloadApi.start();
      const svid = await authority.mint({ uri: id });
      const workload = { api, id, svid, streams: new Set<(what: Messages) => void>() };
      authority.#workloads.set(name, workload);
      void authority.#serve(workload, api.x509Svids, 'svids');
      void authority.#serve(workload, api.x509Bundles, 'bundles');
    }
    return authority;
  }

  mint(options: IssueOptions): Promise<Minted> {
    return this.ca.issue(options);
  }

  get authorities(): readonly Uint8Array[] {
    return this.#cas.map(({ certificateDer }) => certificateDer);
  }

  get federated(): Minting {
    return { mint: (options) => this.federatedCa.issue(options) };
  }

  async addCa(): Promise<RemovableCa> {
    const ca = await mintCa({ trustDomain: this.trustDomain, name: 'second' });
    this.#cas.push(ca);
    this.#push();
    return {
      mint: (options) => ca.issue(options),
      remove: () => {
        this.#cas = this.#cas.filter((one) => one !== ca);
        this.#push();
      },
    };
  }

  /** As SPIFFE_ENDPOINT_SOCKET holds it. */
  socketOf(name: string): string {
    return this.#workload(name).api.address;
  }

  /** What a workload has: a thief of its key would have it too. */
  svidOf(name: string): Minted {
    return this.#workload(name).svid;
  }

  /** Names of the workloads that have a socket. */
  get names(): readonly string[] {
    return [...this.#workloads.keys()];
  }

  async close(): Promise<void> {
    await Promise.all([...this.#workloads.values()].map(({ api }) => api.close()));
  }

  async #serve(
    workload: Workload,
    calls: { next(): Promise<FakeCall> },
    what: keyof Messages,
  ): Promise<void> {
    for (;;) {
      const call = await calls.next();
      const send = (messages: Messages) => call.send(messages[what]);
      workload.streams.add(send);
      void call.cancelled.then(() => workload.streams.delete(send));
      send(this.#messages(workload));
    }
  }

  #push(): void {
    for (const workload of this.#workloads.values()) {
      for (const send of workload.streams) send(this.#messages(workload));
    }
  }

  #messages({ svid, id }: Workload): Messages {
    const bundle = concatenated(...this.authorities);
    const federatedBundles = {
      [`spiffe://${this.federatedCa.trustDomain}`]: this.federatedCa.certificateDer,
    };
    return {
      svids: svidResponse({ svids: [svidEntry(svid, bundle, id)], federatedBundles }),
      bundles: bundlesResponse({
        bundles: { [`spiffe://${this.trustDomain}`]: bundle, ...federatedBundles },
      }),
    };
  }

  #workload(name: string): Workload {
    const workload = this.#workloads.get(name);
    if (workload === undefined) throw new Error(`There is no workload ${name}.`);
    return workload;
  }
}

/** As the log writes it. */
export function serialNumberOf({ certificateDer }: Minted): string {
  return new X509Certificate(certificateDer).serialNumber.toLowerCase();
}
