import type { Way } from '../way.js';

/** One row of the table. A side loads its own way's code alone. */
export interface Row {
  readonly name: string;
  readonly title: string;
  readonly load: () => Promise<Way>;
}

const mesh = () => import('./mesh.js');
const exchange = () => import('./exchange.js');

/** The rows of the table. The first is what the others are held against. */
export const WAYS: readonly [Row, ...Row[]] = [
  { name: 'plain', title: 'plain HTTP', load: async () => (await import('./plain.js')).plain },
  {
    name: 'bare-mtls',
    title: 'bare mTLS',
    load: async () => (await import('./bare-mtls.js')).bareMtls,
  },
  { name: 'mesh', title: 'agent to agent', load: async () => (await mesh()).own },
  {
    name: 'delegated',
    title: '+ delegation, token seen',
    load: async () => (await mesh()).delegated(false),
  },
  {
    name: 'delegated-fresh',
    title: '+ delegation, fresh tokens',
    load: async () => (await mesh()).delegated(true),
  },
  { name: 'signed', title: '+ both, token seen', load: async () => (await mesh()).signed(false) },
  {
    name: 'signed-fresh',
    title: '+ both, fresh tokens',
    load: async () => (await mesh()).signed(true),
  },
  {
    name: 'exchange',
    title: 'POST /token, first token',
    load: async () => (await exchange()).exchange,
  },
  {
    name: 'replacement',
    title: 'POST /token, replacement',
    load: async () => (await exchange()).replacement,
  },
];

/** What something costs: a way against the same without it. */
export interface Cost {
  readonly title: string;
  readonly way: string;
  readonly without: string;
}

export const COSTS: readonly Cost[] = [
  { title: 'delegation, token seen', way: 'delegated', without: 'mesh' },
  { title: 'delegation, fresh tokens', way: 'delegated-fresh', without: 'mesh' },
  { title: 'signing', way: 'signed', without: 'delegated' },
  { title: 'both, token seen', way: 'signed', without: 'mesh' },
  { title: 'both, fresh tokens', way: 'signed-fresh', without: 'mesh' },
];
