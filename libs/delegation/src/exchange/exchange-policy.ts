import type { SpiffeId } from '@mesh/spiffe';
import type { Person } from '../person.js';
import { TxnTokenError } from '../txn-token/txn-token.error.js';

/**
 * Who may obtain which token. The token service asks it, a receiver too; data answers today (`DeclaredExchangePolicy`),
 * a policy engine may later. What it does not know it denies.
 */
export interface ExchangePolicy {
  /** Whether any agent of the trust domain serves this scope. */
  knowsScope(scope: string): boolean;
  /** What `presenter` may present an access token of this client as, or undefined for not at all. */
  clientOf(presenter: SpiffeId, clientId: string): ClientKind | undefined;
  /** Whether `agent` serves `action` to `caller`. */
  serves(agent: SpiffeId, action: string, caller: SpiffeId): boolean;
  /** Whether `workload` may call what serves `scope`, itself or through the agents that it calls. */
  reaches(workload: SpiffeId, scope: string): boolean;
  /** Whether `workload` may act for this person. */
  mayActFor(workload: SpiffeId, person: Person): boolean;
}

/** `session`: the browser's back end, whose tokens are never a bearer's; `api`: command line and the API's page. */
export type ClientKind = 'session' | 'api';

/** That `agent` serves `action` to `caller`. */
export interface DeclaredEdge {
  readonly caller: SpiffeId;
  readonly agent: SpiffeId;
  readonly action: string;
}

/** The OpenID clients of a workload. */
export interface DeclaredClients {
  readonly agent: SpiffeId;
  readonly sessionClient?: string;
  readonly apiClients?: readonly string[];
}

/** For whom a workload may act: a person with one of the roles, in one of the groups, or named. */
export interface DeclaredActsFor {
  readonly agent: SpiffeId;
  readonly roles?: readonly string[];
  readonly groups?: readonly string[];
  /** Issuer-qualified: `qualifiedSubject`. */
  readonly subjects?: readonly string[];
}

export interface Declarations {
  readonly edges: readonly DeclaredEdge[];
  readonly clients?: readonly DeclaredClients[];
  readonly actsFor?: readonly DeclaredActsFor[];
}

/** The policy that stands in the agent.yaml files. Immutable. */
export class DeclaredExchangePolicy implements ExchangePolicy {
  readonly #scopes = new Set<string>();
  /** `agent action caller` */
  readonly #edges = new Set<string>();
  readonly #reach = new Map<string, ReadonlySet<string>>();
  /** `agent clientId` */
  readonly #clients = new Map<string, ClientKind>();
  readonly #actsFor = new Map<string, DeclaredActsFor[]>();

  constructor({ edges, clients = [], actsFor = [] }: Declarations) {
    for (const { caller, agent, action } of edges) {
      this.#scopes.add(action);
      this.#edges.add(edgeKey(agent, action, caller));
    }
    for (const { caller } of edges) {
      const key = caller.toString();
      if (!this.#reach.has(key)) this.#reach.set(key, reachOf(key, edges));
    }
    for (const { agent, sessionClient, apiClients = [] } of clients) {
      for (const client of apiClients) this.#clients.set(`${agent} ${client}`, 'api');
      // Last, so that a client named as both is never a bearer's.
      if (sessionClient !== undefined) this.#clients.set(`${agent} ${sessionClient}`, 'session');
    }
    for (const one of actsFor) {
      const key = one.agent.toString();
      this.#actsFor.set(key, [...(this.#actsFor.get(key) ?? []), one]);
    }
  }

  knowsScope(scope: string): boolean {
    return this.#scopes.has(scope);
  }

  clientOf(presenter: SpiffeId, clientId: string): ClientKind | undefined {
    return this.#clients.get(`${presenter} ${clientId}`);
  }

  serves(agent: SpiffeId, action: string, caller: SpiffeId): boolean {
    return this.#edges.has(edgeKey(agent, action, caller));
  }

  reaches(workload: SpiffeId, scope: string): boolean {
    return this.#reach.get(workload.toString())?.has(scope) === true;
  }

  mayActFor(workload: SpiffeId, person: Person): boolean {
    const declared = this.#actsFor.get(workload.toString()) ?? [];
    return declared.some(
      ({ roles = [], groups = [], subjects = [] }) =>
        subjects.includes(person.subject) ||
        person.roles.some((role) => roles.includes(role)) ||
        person.groups.some((group) => groups.includes(group)),
    );
  }
}

/**
 * The receiver's own check of the same rule.
 * @throws TxnTokenError `ERR_TOKEN_PERSON`
 */
export function assertMayActFor(
  policy: Pick<ExchangePolicy, 'mayActFor'>,
  workload: SpiffeId,
  person: Person,
): void {
  if (policy.mayActFor(workload, person)) return;
  throw new TxnTokenError('ERR_TOKEN_PERSON', `${workload} may not act for this person.`);
}

function edgeKey(agent: SpiffeId, action: string, caller: SpiffeId): string {
  return `${agent} ${action} ${caller}`;
}

/** The actions along all ways from a caller; an agent that was reached once is not gone through again. */
function reachOf(caller: string, edges: readonly DeclaredEdge[]): ReadonlySet<string> {
  const actions = new Set<string>();
  const reached = new Set([caller]);
  for (const from of reached) {
    for (const edge of edges) {
      if (edge.caller.toString() !== from) continue;
      actions.add(edge.action);
      // A set that grows while it is walked is walked to its new end.
      reached.add(edge.agent.toString());
    }
  }
  return actions;
}
