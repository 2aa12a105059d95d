import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DeclaredExchangePolicy, type ExchangePolicy } from '@mesh/delegation';
import { SpiffeId, SpiffeIdError, type TrustDomain } from '@mesh/spiffe';
import { closest } from '../config/closest.js';
import { AgentFileError, AgentUnknownError } from './agent-file.error.js';
import { AgentFile, shortName } from './agent-file.js';

/** One line of who may call whom for what. */
export interface AgentEdge {
  /** Name of an agent, or the SPIFFE ID of a workload of another trust domain. */
  readonly caller: string;
  /** Name of the agent that is called. */
  readonly agent: string;
  readonly action: string;
  /** For a person, with a Txn-Token that has the action as scope. */
  readonly delegated: boolean;
}

/**
 * All agents of a trust domain, from their agent.yaml files, and what follows from these: identities and who may call
 * whom. Immutable.
 */
export class AgentDirectory {
  readonly #files = new Map<string, AgentFile>();
  readonly #ids = new Map<string, SpiffeId>();
  readonly #names = new Map<string, string>();
  /** `agent action` to the SPIFFE IDs of its callers. */
  readonly #callers = new Map<string, ReadonlySet<string>>();
  readonly #edges: AgentEdge[] = [];
  /** Of the undelegated actions, `agent action`. */
  readonly #undelegated = new Set<string>();

  /** Who may obtain which token, and for whom; from the files alone. */
  readonly exchangePolicy: ExchangePolicy;
  /** Name of the agent that issues transaction tokens: the one with an action for `delegates`. */
  readonly tokenService: string | undefined;
  /** That action. */
  readonly tokenAction: string | undefined;

  private constructor(
    files: readonly AgentFile[],
    readonly trustDomain: TrustDomain,
  ) {
    const ports = new Map<number, AgentFile>();
    for (const file of files) {
      const id = SpiffeId.fromPath(trustDomain, file.identity);
      this.#claim(file, ['name'], this.#files.get(file.name));
      this.#claim(file, ['identity'], this.#files.get(this.#names.get(id.toString()) ?? ''));
      this.#claim(file, ['port'], ports.get(file.port));
      ports.set(file.port, file);
      this.#files.set(file.name, file);
      this.#ids.set(file.name, id);
      this.#names.set(id.toString(), file.name);
    }
    for (const file of files) {
      for (const [action, { callers, delegated = true }] of file.actions) {
        if (!delegated) this.#undelegated.add(`${file.name} ${action}`);
        if (callers !== 'delegates') this.#declare(file, action, callers, delegated);
      }
    }
    const service = this.#declareTokenService(files);
    this.tokenService = service?.name;
    this.tokenAction = service?.action;
    this.exchangePolicy = this.#makeExchangePolicy();
  }

  #declare(file: AgentFile, action: string, callers: readonly string[], delegated: boolean): void {
    const ids = new Set<string>();
    callers.forEach((caller, index) => {
      const id = this.#callerId(file, action, caller, index);
      if (ids.has(id)) {
        throw file.fault(callerPath(action, index), 'names a caller that is already in the list');
      }
      ids.add(id);
      this.#edges.push({
        caller: this.#names.get(id) ?? id,
        agent: file.name,
        action,
        delegated,
      });
    });
    this.#callers.set(`${file.name} ${action}`, ids);
  }

  /** Its callers are known once all other edges are: whoever calls others for a person. */
  #declareTokenService(
    files: readonly AgentFile[],
  ): { readonly name: string; readonly action: string } | undefined {
    let service: { readonly file: AgentFile; readonly action: string } | undefined;
    const delegates = new Set(
      this.#edges
        .filter(({ delegated, caller }) => delegated && this.has(caller))
        .map(({ caller }) => caller),
    );
    for (const file of files) {
      for (const [action, declared] of file.actions) {
        if (declared.callers !== 'delegates') continue;
        const path = ['actions', action, 'callers'];
        if (service !== undefined) {
          throw file.fault(
            path,
            `is for delegates, as in ${service.file.file}: there is one token service`,
          );
        }
        if (declared.delegated !== false) {
          throw file.fault(path, 'is for delegates, so the action wants delegated: false');
        }
        service = { file, action };
        this.#declare(file, action, [...delegates], false);
      }
    }
    return service && { name: service.file.name, action: service.action };
  }

  #makeExchangePolicy(): ExchangePolicy {
    const idOf = (name: string) => this.#ids.get(name) ?? SpiffeId.parse(name);
    const files = [...this.#files.values()];
    return new DeclaredExchangePolicy({
      edges: this.#edges
        .filter(({ delegated }) => delegated)
        .map(({ caller, agent, action }) => ({ caller: idOf(caller), agent: idOf(agent), action })),
      clients: files.map(({ name, sessionClient, apiClients }) => ({
        agent: idOf(name),
        apiClients,
        ...(sessionClient === undefined ? {} : { sessionClient }),
      })),
      actsFor: files.map(({ name, actsFor }) => ({ agent: idOf(name), ...actsFor })),
    });
  }

  /**
   * Reads every agent.yaml in the folders of `folder` (`<folder>/<any>/agent.yaml`).
   * @param cwd Folder that errors name files relative to. Default: the current one.
   * @throws AgentFileError
   */
  static load(
    folder: string,
    trustDomain: TrustDomain,
    cwd: string = process.cwd(),
  ): AgentDirectory {
    let names: string[];
    try {
      names = readdirSync(folder);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      throw new AgentFileError(
        { file: shortName(folder, cwd) },
        `it cannot be read as the folder of the agents (${String(code)})`,
        { cause: error },
      );
    }
    // A mounted ConfigMap has folders of its own that begin with a dot.
    const files = names
      .filter((name) => !name.startsWith('.'))
      .sort()
      .map((name) => AgentFile.read(join(folder, name, 'agent.yaml'), cwd))
      .filter((file) => file !== undefined);
    if (files.length === 0) {
      throw new AgentFileError(
        { file: shortName(folder, cwd) },
        'no folder in it has an agent.yaml',
      );
    }
    return new AgentDirectory(files, trustDomain);
  }

  /**
   * The same of files that are at hand.
   * @throws AgentFileError
   */
  static of(files: readonly AgentFile[], trustDomain: TrustDomain): AgentDirectory {
    return new AgentDirectory(files, trustDomain);
  }

  /** Names of all agents, in the order of their folders. */
  names(): readonly string[] {
    return [...this.#files.keys()];
  }

  has(name: string): boolean {
    return this.#files.has(name);
  }

  /** @throws AgentUnknownError */
  get(name: string): AgentFile {
    return this.#known(this.#files, name);
  }

  /** @throws AgentUnknownError */
  spiffeIdOf(name: string): SpiffeId {
    return this.#known(this.#ids, name);
  }

  /** Name of the agent with this SPIFFE ID, or undefined for any other workload. */
  nameOf(id: SpiffeId): string | undefined {
    return this.#names.get(id.toString());
  }

  /** Whether `agent` serves `action` to `caller`. False for whatever is not declared. */
  mayCall(agent: string, action: string, caller: SpiffeId): boolean {
    return this.#callers.get(`${agent} ${action}`)?.has(caller.toString()) === true;
  }

  /** Whether `agent` serves `action` for persons, with a Txn-Token; what is not declared counts as such. */
  isDelegated(agent: string, action: string): boolean {
    return !this.#undelegated.has(`${agent} ${action}`);
  }

  /** Delegated actions that `agent` serves to `caller`. */
  delegatedActions(agent: string, caller: string): readonly string[] {
    return this.#edges
      .filter((edge) => edge.delegated && edge.agent === agent && edge.caller === caller)
      .map(({ action }) => action);
  }

  /** All scopes that a call of `action` by `caller` takes: the action, and what the agents that serve it call in turn. */
  scopesFor(caller: string, action: string): readonly string[] {
    const serving = this.#edges.filter(
      (edge) => edge.delegated && edge.caller === caller && edge.action === action,
    );
    return [...new Set([action, ...serving.flatMap(({ agent }) => this.actionsBehind(agent))])];
  }

  /** All delegated actions that a call of `agent` may lead to: what it calls, and those behind it. */
  actionsBehind(agent: string): readonly string[] {
    const id = this.spiffeIdOf(agent);
    const delegated = this.#edges.filter((edge) => edge.delegated).map(({ action }) => action);
    return [...new Set(delegated)].filter((action) => this.exchangePolicy.reaches(id, action));
  }

  /** Who may call whom on a person's behalf, as SPIFFE IDs of this trust domain; each pair once. */
  workloadEdges(): readonly { readonly caller: SpiffeId; readonly callee: SpiffeId }[] {
    const pairs = new Map(
      this.#edges
        .filter(({ delegated, caller }) => delegated && this.has(caller))
        .map(({ caller, agent }) => [`${caller} ${agent}`, { caller, agent }]),
    );
    return [...pairs.values()].map(({ caller, agent }) => ({
      caller: this.spiffeIdOf(caller),
      callee: this.spiffeIdOf(agent),
    }));
  }

  /** Who may call whom for what. */
  edges(): readonly AgentEdge[] {
    return this.#edges;
  }

  /** Names of the agents that `name` may call, from their files. */
  peersOf(name: string): readonly string[] {
    const called = this.#edges.filter((edge) => edge.caller === name).map((edge) => edge.agent);
    return [...new Set(called)];
  }

  #known<T>(from: ReadonlyMap<string, T>, name: string): T {
    const value = from.get(name);
    if (value === undefined) throw new AgentUnknownError(name, this.names());
    return value;
  }

  #claim(file: AgentFile, member: readonly string[], holder: AgentFile | undefined): void {
    if (holder !== undefined) throw file.fault(member, `is the same as in ${holder.file}`);
  }

  #callerId(file: AgentFile, action: string, caller: string, index: number): string {
    const refuse = (what: string, cause?: unknown): never => {
      throw file.fault(callerPath(action, index), what, cause);
    };
    if (!caller.includes(':')) {
      const id = this.#ids.get(caller);
      if (id !== undefined) return id.toString();
      const meant = closest(caller, this.#ids.keys());
      return refuse(
        meant === undefined
          ? `names no agent; there are: ${this.names().join(', ')}`
          : `names no agent (did you mean ${meant}?)`,
      );
    }
    let id: SpiffeId;
    try {
      id = SpiffeId.parse(caller);
    } catch (error) {
      if (!(error instanceof SpiffeIdError)) throw error;
      return refuse('is neither the name of an agent nor a SPIFFE ID', error);
    }
    if (id.path === '') return refuse('is the ID of a trust domain, not of a workload');
    if (id.memberOf(this.trustDomain) && !this.#names.has(id.toString())) {
      return refuse("is in this trust domain and no agent's");
    }
    return id.toString();
  }
}

function callerPath(action: string, index: number): readonly string[] {
  return ['actions', action, 'callers', String(index)];
}
