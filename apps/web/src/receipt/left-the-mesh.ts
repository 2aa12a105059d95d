import type { ViewNode } from '../proof/verifier.js';
import { shortName } from '../proof/names.js';

/** What one agent sent to hosts outside of the mesh, and what worked on it there, as the agent signed it. */
export interface Outgoing {
  readonly agent: string;
  readonly spiffeId: string;
  readonly hosts: readonly { readonly host: string; readonly bytes: number }[];
  readonly models: readonly {
    readonly provider: string;
    readonly name: string;
    readonly tokens?: { readonly input: number; readonly output: number };
  }[];
}

/** From the signed statements alone; empty where no agent called anybody outside. */
export function leftTheMesh(nodes: readonly ViewNode[]): readonly Outgoing[] {
  return nodes
    .filter(({ statement }) => statement.hosts.length > 0)
    .map(({ statement: { iss, hosts, producers } }) => ({
      agent: shortName(iss),
      spiffeId: iss,
      hosts,
      models: producers.filter(({ kind }) => kind === 'model'),
    }));
}

/** Whether a language model had a part in the answer. */
export function usedModel(nodes: readonly ViewNode[]): boolean {
  return nodes.some(({ statement }) => statement.producers.some(({ kind }) => kind === 'model'));
}
