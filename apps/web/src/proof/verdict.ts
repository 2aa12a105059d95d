import { shortened, shortName } from './names.js';
import type { VerifiedView } from './view.js';

/** Whose work the answer is, by place in the list of statements. */
export interface Roles {
  /** Made from no other statement. */
  readonly writers: readonly number[];
  /** Between them and who delivered it. */
  readonly between: readonly number[];
}

export function rolesOf({ nodes, edges }: Pick<VerifiedView, 'nodes' | 'edges'>): Roles {
  const places = nodes.map((_, place) => place);
  const outer = new Set(edges.map((edge) => edge.outer));
  return {
    writers: places.filter((place) => !outer.has(place)),
    between: places.filter((place) => place > 0 && outer.has(place)),
  };
}

/**
 * The verdict in one line, as for people.
 * @param account Who is signed in here; else the person is named by the pseudonym that was signed
 */
export function verdictLine(view: VerifiedView, account: string | undefined, now: Date): string {
  const { nodes, verdict } = view;
  const root = nodes[0]?.statement;
  if (!root) return '';
  const { writers, between } = rolesOf(view);
  const person = account ?? `person ${shortened(root.sub)}`;
  return [
    `Written by ${namesOf(view, writers)}`,
    ...passedOn(view, between),
    `for ${person}`,
    timeOf(root.iat, now),
    'verified in this browser',
    ...(verdict === 'valid' ? [] : ['time claimed by the signer']),
  ].join(', ');
}

function passedOn(view: VerifiedView, between: readonly number[]): string[] {
  if (between.length === 0) return [];
  const names = namesOf(view, between);
  return [names === 'researcher' ? 'from research by researcher' : `passed on by ${names}`];
}

function namesOf({ nodes }: VerifiedView, places: readonly number[]): string {
  const ids = new Set(places.map((place) => nodes[place]?.statement.iss ?? ''));
  return new Intl.ListFormat('en').format([...ids].map(shortName));
}

/** Of today the time alone. */
export function timeOf(seconds: number, now: Date): string {
  const date = new Date(seconds * 1000);
  const time = date.toLocaleTimeString('en', {
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
  if (date.toDateString() === now.toDateString()) return time;
  return `${date.toLocaleDateString('en', { day: 'numeric', month: 'long', year: 'numeric' })} ${time}`;
}
