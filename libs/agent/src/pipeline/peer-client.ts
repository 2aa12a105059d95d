import { HEADERS, type AgentEvent, type RequestContext, type SignedDto } from '@mesh/contracts';
import { errorEntry, hasCode, isErrorCode, MeshError, type Problem } from '@mesh/errors';
import {
  ConnectionEndedError,
  PeerConnectionError,
  type MtlsPool,
  type MtlsResponse,
} from '@mesh/identity';
import { currentAgent, currentContext, newCorrelationId, TraceContext } from '@mesh/observability';
import { parseRetryAfter, type Policy } from '@mesh/resilience';
import { eventContract } from './agent-event.js';
import { parseContract, type Contract } from './contract.js';
import { PeerCallError, RelayedError, UndelegatedCallError } from './peer.error.js';
import { RequestLifetime, untilEnd } from './request-deadline.js';
import { serverSentEvents } from './server-sent-events.js';

/** Largest answer or event of a peer that is read, in bytes. */
const RESPONSE_BYTES = 4 * 1024 * 1024;
/** Ends of a call that are held against the peer. */
const LAPSES = ['ERR_TRY_TIMEOUT', 'ERR_STREAM_IDLE', 'ERR_DEADLINE_EXCEEDED'] as const;
/** Longest call on the agent's own business, in milliseconds. */
const OWN_MS = 60_000;
/** Longest look at a peer, in milliseconds. */
const LOOK_MS = 2_000;
/** Largest problem body that is read, in bytes. */
const PROBLEM_BYTES = 64 * 1024;

export type HopOutcome = 'ok' | 'error' | 'aborted';

/** How a hop went, for metrics: each try by itself, to the end of its answer. */
export type HopObserver = (hop: { peer: string; outcome: HopOutcome; durationMs: number }) => void;

/** What makes a call delegated and its answer proven; `DelegatedCalls` is it. */
export interface PeerTrust {
  /** Prepares a call to `peer` on behalf of the request that is served. @throws where there is none */
  delegate(peer: string, context: RequestContext, request: PeerRequest): Promise<DelegatedCall>;
  /** Whether `peer` serves `action` on this agent's own business. */
  servesOwn(peer: string, action: string): boolean;
}

/** What a peer is asked. */
export interface PeerRequest {
  readonly method: 'POST';
  readonly path: string;
  /** JSON text. */
  readonly text: string;
}

/** What a call on a person's behalf takes along, and how its answer is proven; the same for all tries of the call. */
export interface DelegatedCall {
  readonly headers: Readonly<Record<string, string>>;
  /** Verifies an answer, and notes it as input of this agent's own. @throws AnswerError, JsonError */
  prove(answer: string): Promise<void>;
}

interface Call {
  readonly path: string;
  /** Absent for a GET. */
  readonly body?: { readonly text: string; readonly contentType: string };
  readonly context: RequestContext;
  /** Absent on the agent's own business. */
  readonly delegated?: DelegatedCall;
}

/**
 * Calls one other agent over mTLS. The delegation, correlation ID, trace, deadline and abort travel from the request's
 * context by themselves; the policy (deadline, retries, breaker) is the peer's own. Every answer to a delegated call is
 * signed, and verified before anybody sees it.
 */
export class PeerClient {
  constructor(
    readonly name: string,
    /** Asked at each call: the peer's address is known once it listens. */
    private readonly pool: () => MtlsPool,
    private readonly policy: Policy,
    private readonly trust: PeerTrust,
    private readonly observe: HopObserver = () => undefined,
  ) {}

  /**
   * Calls on behalf of the person whose request is served.
   * @throws RelayedError for errors that speak of the question or of a provider, PeerCallError, UndelegatedCallError
   * outside of a delegated request, AnswerError for an answer that is not proven, and what the policy throws.
   */
  async post<T extends SignedDto>(path: string, body: object, contract: Contract<T>): Promise<T> {
    return this.#once(await this.#delegated(path, body), contract);
  }

  /**
   * The same as a stream of events. Its last is `done`, whose result has the contract's type, once the peer's answer
   * is at its end and proven; throws otherwise. A consumer that leaves ends the peer's request.
   */
  async *events<T extends SignedDto>(
    path: string,
    body: object,
    contract: Contract<T>,
  ): AsyncGenerator<AgentEvent<T>> {
    const call = await this.#delegated(path, body);
    const { signal, deadline } = call.context;
    yield* this.policy.stream(({ signal }) => this.#events(call, contract, signal), {
      signal,
      deadline,
      idempotent: false,
    });
  }

  /**
   * Calls on the agent's own business, for no person: what the peer's agent.yaml declares as `delegated: false`. Needs
   * no request that is served.
   * @param action That the peer serves to this agent.
   * @param body A form is sent as `application/x-www-form-urlencoded`.
   * @throws UndelegatedCallError for any other action, and as `post`
   */
  async postOwn<T extends object>(
    action: string,
    path: string,
    body: object,
    contract: Contract<T>,
  ): Promise<T> {
    const context = this.#ownContext(action);
    const form = body instanceof URLSearchParams;
    return this.#once(
      {
        path,
        body: {
          text: form ? body.toString() : JSON.stringify(body),
          contentType: form ? 'application/x-www-form-urlencoded' : 'application/json',
        },
        context,
      },
      contract,
    );
  }

  /**
   * Looks at what a peer tells on the agent's own business, for 2 s at most. Tried once and past the breaker: whoever
   * watches a peer must not be what makes others leave it alone.
   * @throws UndelegatedCallError as `postOwn`, PeerCallError, RelayedError, RequestEndedError
   */
  async getOwn<T extends object>(action: string, path: string, contract: Contract<T>): Promise<T> {
    const context = this.#ownContext(action);
    const now = Date.now();
    const look = new RequestLifetime(Math.min(context.deadline, now + LOOK_MS), now);
    const signal = AbortSignal.any([context.signal, look.signal]);
    try {
      return await untilEnd(
        this.#try({ path, context: { ...context, deadline: look.deadline } }, contract, signal),
        signal,
      );
    } finally {
      look.done();
    }
  }

  /** Of the request that is served, or of none. @throws UndelegatedCallError */
  #ownContext(action: string): RequestContext {
    if (!this.trust.servesOwn(this.name, action)) {
      throw new UndelegatedCallError(
        `${action} of ${this.name} is not declared with delegated: false.`,
      );
    }
    return currentContext() ?? ownContext(currentAgent()?.agent ?? '');
  }

  async #delegated(path: string, body: object): Promise<Call> {
    const context = currentContext();
    if (!context) throw new UndelegatedCallError('No request is being served here.');
    const text = JSON.stringify(body);
    const delegated = await this.trust.delegate(this.name, context, { method: 'POST', path, text });
    return { path, body: { text, contentType: 'application/json' }, context, delegated };
  }

  async #once<T extends object>(call: Call, contract: Contract<T>): Promise<T> {
    const { signal, deadline } = call.context;
    return this.policy.execute(({ signal }) => this.#try(call, contract, signal), {
      signal,
      deadline,
      idempotent: false,
    });
  }

  async #try<T extends object>(call: Call, contract: Contract<T>, signal: AbortSignal): Promise<T> {
    const hop = this.#hop();
    try {
      const response = await this.#send(call, 'application/json', signal);
      const answer = await text(response.body, RESPONSE_BYTES, () => this.#tooLarge());
      const result = await this.#result(call, answer, contract);
      hop('ok');
      return result;
    } catch (error) {
      hop(outcomeOf(signal));
      throw error;
    }
  }

  async *#events<T extends object>(
    call: Call,
    contract: Contract<T>,
    signal: AbortSignal,
  ): AsyncGenerator<AgentEvent<T>> {
    const hop = this.#hop();
    let outcome: HopOutcome = 'aborted';
    try {
      const response = await this.#send(call, 'text/event-stream', signal);
      const events = serverSentEvents(response.body, RESPONSE_BYTES, () => this.#tooLarge());
      let result: string | undefined;
      for await (const { event, data } of events) {
        if (result !== undefined) throw this.#invalid('went on after the end of its answer');
        if (event === 'error') throw this.#failure(this.#json(data) as Failure, undefined);
        // Read on to the end of the body: a connection left before it can serve no other request.
        if (event === 'done') result = data;
        else yield this.#event(event, this.#json(data));
      }
      if (result === undefined) throw this.#invalid('ended its answer half way');
      const done = await this.#result(call, result, contract);
      outcome = 'ok';
      yield { type: 'done', result: done };
    } catch (error) {
      outcome = outcomeOf(signal);
      throw error;
    } finally {
      hop(outcome);
    }
  }

  /** What an answer holds: proven before anything else looks at it. */
  async #result<T extends object>(call: Call, answer: string, contract: Contract<T>): Promise<T> {
    await call.delegated?.prove(answer);
    return this.#parse(contract, this.#json(answer));
  }

  async #send(call: Call, accept: string, signal: AbortSignal): Promise<MtlsResponse> {
    const { path, body, context, delegated } = call;
    let response: MtlsResponse;
    try {
      response = await this.pool().request({
        method: body ? 'POST' : 'GET',
        path,
        headers: {
          ...(body ? { 'content-type': body.contentType } : {}),
          accept,
          [HEADERS.correlationId]: context.correlationId,
          [HEADERS.traceparent]: context.traceparent,
          [HEADERS.deadline]: String(Math.max(1, Math.floor(context.deadline - Date.now()))),
          ...delegated?.headers,
        },
        ...(body ? { body: body.text } : {}),
        signal,
      });
    } catch (error) {
      if (error instanceof PeerConnectionError || error instanceof ConnectionEndedError) {
        throw this.#unreachable(error);
      }
      throw error;
    }
    if (response.status === 200) return response;
    throw this.#failure(await this.#problem(response, signal), response);
  }

  /** The problem in the body of an error response; undefined where there is none: then the status alone is told. */
  async #problem({ body }: MtlsResponse, signal: AbortSignal): Promise<Failure | undefined> {
    try {
      return JSON.parse(await text(body, PROBLEM_BYTES, () => this.#tooLarge())) as Failure;
    } catch {
      if (signal.aborted) throw signal.reason;
      return undefined;
    }
  }

  #unreachable(cause: MeshError): PeerCallError {
    return new PeerCallError('ERR_PEER_UNREACHABLE', this.name, `${this.name} cannot be reached.`, {
      cause,
      retry: cause.retry,
    });
  }

  #failure(problem: Failure | null | undefined, response: MtlsResponse | undefined): MeshError {
    const code = problem?.code;
    const status = response?.status;
    const retryAfterMs =
      status === 503 || status === 429
        ? parseRetryAfter(response?.headers['retry-after'])
        : undefined;
    // Who asks to come back later has not begun.
    const later = retryAfterMs === undefined ? {} : ({ retry: 'safe', retryAfterMs } as const);
    if (isErrorCode(code) && errorEntry(code)?.relay) {
      return new RelayedError(
        code,
        this.name,
        detailOf(problem, code).slice(0, 500),
        // What lies behind the peer is tried again by the peer: if each hop did, tries would multiply.
        code === 'ERR_AGENT_STOPPING' || retryAfterMs === undefined ? later : { retryAfterMs },
      );
    }
    const why = isErrorCode(code) ? ` (${code})` : '';
    if (status === 403) {
      const message = `${this.name} does not let this agent do that${why}.`;
      return new PeerCallError('ERR_PEER_REFUSED', this.name, message, { peerVerdict: 'refused' });
    }
    const how = status === undefined ? 'failed' : `answered with status ${status}`;
    return new PeerCallError('ERR_PEER_FAILED', this.name, `${this.name} ${how}${why}.`, {
      ...later,
      // What one person sends must not open the breaker for all others.
      peerVerdict: isOwnFault(status ?? problem?.status) ? 'refused' : 'failure',
    });
  }

  #event<T>(type: string, value: unknown): AgentEvent<T> {
    const contract = eventContract(type);
    if (!contract) throw this.#invalid('sent an event that is not known');
    return { type, ...this.#parse<object>(contract, value) } as AgentEvent<T>;
  }

  #parse<T extends object>(contract: Contract<T>, value: unknown): T {
    try {
      return parseContract(contract, value);
    } catch (cause) {
      throw this.#invalid('answered outside its contract', cause);
    }
  }

  #json(body: string): unknown {
    try {
      return JSON.parse(body);
    } catch (cause) {
      throw this.#invalid('did not answer with JSON', cause);
    }
  }

  #tooLarge(): PeerCallError {
    return this.#invalid(`answered with more than ${RESPONSE_BYTES} bytes`);
  }

  #invalid(how: string, cause?: unknown): PeerCallError {
    return new PeerCallError('ERR_PEER_RESPONSE_INVALID', this.name, `${this.name} ${how}.`, {
      cause,
    });
  }

  /** Starts the clock of a hop; call what it returns once, at the end of the answer. */
  #hop(): (outcome: HopOutcome) => void {
    const start = performance.now();
    return (outcome) =>
      this.observe({ peer: this.name, outcome, durationMs: performance.now() - start });
  }
}

/** A problem, or what a token service answers with (RFC 6749 5.2). */
type Failure = Partial<Problem> & { readonly error_description?: unknown };

function detailOf(problem: Failure | null | undefined, code: string): string {
  const detail = problem?.detail ?? problem?.error_description;
  return typeof detail === 'string' ? detail : code;
}

/** That the peer refused what it was sent; 408 and 429 say that it could not keep up. */
function isOwnFault(status: unknown): boolean {
  return (
    typeof status === 'number' && status >= 400 && status < 500 && ![408, 429].includes(status)
  );
}

/** Of work that no request asked for. */
function ownContext(agent: string): RequestContext {
  const trace = TraceContext.receive(undefined);
  return {
    agent,
    correlationId: newCorrelationId(),
    traceparent: trace.toString(),
    traceId: trace.traceId,
    // The policy's own ends it earlier.
    deadline: Date.now() + OWN_MS,
    signal: new AbortController().signal,
  };
}

/** Aborts of the caller, of the consumer and of a stopping agent say nothing of the peer; lapses of time do. */
function outcomeOf(signal: AbortSignal): HopOutcome {
  if (!signal.aborted) return 'error';
  const lapsed = LAPSES.some((code) => hasCode(signal.reason, code));
  return lapsed ? 'error' : 'aborted';
}

async function text(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  tooLarge: () => Error,
): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
