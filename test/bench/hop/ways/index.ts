import type { Way } from '../way.js';

/** One row of the table. A side loads its own way's code alone. */
export interface Row {
  readonly name: string;
  readonly title: string;
  readonly load: () => Promise<Way>;
}

/** The rows of the table. The first is what the others are held against. */
export const WAYS: readonly [Row, ...Row[]] = [
  { name: 'plain', title: 'plain HTTP', load: async () => (await import('./plain.js')).plain },
  {
    name: 'bare-mtls',
    title: 'bare mTLS',
    load: async () => (await import('./bare-mtls.js')).bareMtls,
  },
  { name: 'mesh', title: 'agent to agent', load: async () => (await import('./mesh.js')).mesh },
];
