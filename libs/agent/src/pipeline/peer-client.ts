import { HEADERS, type AgentEvent, type RequestContext } from '@mesh/contracts';
import { errorEntry, hasCode, isErrorCode, MeshError, type Problem } from '@mesh/errors';
import {
  ConnectionEndedError,
  PeerConnectionError,
  type MtlsPool,
  type MtlsResponse,
} from '@mesh/identity';
import { requireContext } from '@mesh/observability';
import { parseRetryAfter, type Policy } from '@mesh/resilience';
import { eventContract } from './agent-event.js';
import { parseContract, type Contract } from './contract.js';
import { PeerCallError, RelayedError } from './peer.error.js';
import { serverSentEvents } from './server-sent-events.js';

/** Largest answer or event of a peer that is read, in bytes. */
const RESPONSE_BYTES = 4 * 1024 * 1024;
/** Ends of a call that are held against the peer. */
const LAPSES = ['ERR_TRY_TIMEOUT', 'ERR_STREAM_IDLE', 'ERR_DEADLINE_EXCEEDED'] as const;
/** Largest problem body that is read, in bytes. */
const PROBLEM_BYTES = 64 * 1024;

export type HopOutcome = 'ok' | 'error' | 'aborted';

/** How a hop went, for metrics: each try by itself, to the end of its answer. */
export type HopObserver = (hop: { peer: string; outcome: HopOutcome; durationMs: number }) => void;

/**
 * Calls one other agent over mTLS. Correlation ID, trace, deadline and abort travel from the request's context by
 * themselves; the policy (deadline, retries, breaker) is the peer's own.
 */
export class PeerClient {
  constructor(
    readonly name: string,
    /** Asked at each call: the peer's address is known once it listens. */
    private readonly pool: () => MtlsPool,
    private readonly policy: Policy,
    private readonly observe: HopObserver = () => undefined,
  ) {}

  /**
   * @throws RelayedError for errors that speak of the question or of a provider, PeerCallError, and what the
   * policy throws.
   */
  async post<T extends object>(path: string, body: object, contract: Contract<T>): Promise<T> {
    const context = requireContext();
    return this.policy.execute(
      async ({ signal }) => {
        const hop = this.#hop();
        try {
          const response = await this.#send(path, body, 'application/json', context, signal);
          const answer = await text(response.body, RESPONSE_BYTES, () => this.#tooLarge());
          const result = this.#parse(contract, this.#json(answer));
          hop('ok');
          return result;
        } catch (error) {
          hop(outcomeOf(signal));
          throw error;
        }
      },
      { signal: context.signal, deadline: context.deadline, idempotent: false },
    );
  }

  /**
   * The same as a stream of events. Its last is `done`, whose result has the contract's type, once the peer's answer
   * is at its end; throws otherwise. A consumer that leaves ends the peer's request.
   */
  async *events<T extends object>(
    path: string,
    body: object,
    contract: Contract<T>,
  ): AsyncGenerator<AgentEvent<T>> {
    const context = requireContext();
    yield* this.policy.stream(({ signal }) => this.#events(path, body, contract, context, signal), {
      signal: context.signal,
      deadline: context.deadline,
      idempotent: false,
    });
  }

  async *#events<T extends object>(
    path: string,
    body: object,
    contract: Contract<T>,
    context: RequestContext,
    signal: AbortSignal,
  ): AsyncGenerator<AgentEvent<T>> {
    const hop = this.#hop();
    let outcome: HopOutcome = 'aborted';
    try {
      const response = await this.#send(path, body, 'text/event-stream', context, signal);
      const events = serverSentEvents(response.body, RESPONSE_BYTES, () => this.#tooLarge());
      let result: T | undefined;
      for await (const { event, data } of events) {
        if (result) throw this.#invalid('went on after the end of its answer');
        const value = this.#json(data);
        if (event === 'error') throw this.#failure(value as Partial<Problem>, undefined);
        // Read on to the end of the body: a connection left before it can serve no other request.
        if (event === 'done') result = this.#parse(contract, value);
        else yield this.#event(event, value);
      }
      if (!result) throw this.#invalid('ended its answer half way');
      outcome = 'ok';
      yield { type: 'done', result };
    } catch (error) {
      outcome = outcomeOf(signal);
      throw error;
    } finally {
      hop(outcome);
    }
  }

  async #send(
    path: string,
    body: object,
    accept: string,
    context: RequestContext,
    signal: AbortSignal,
  ): Promise<MtlsResponse> {
    let response: MtlsResponse;
    try {
      response = await this.pool().request({
        method: 'POST',
        path,
        headers: {
          'content-type': 'application/json',
          accept,
          [HEADERS.correlationId]: context.correlationId,
          [HEADERS.traceparent]: context.traceparent,
          [HEADERS.deadline]: String(Math.max(1, Math.floor(context.deadline - Date.now()))),
        },
        body: JSON.stringify(body),
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
  async #problem(
    { body }: MtlsResponse,
    signal: AbortSignal,
  ): Promise<Partial<Problem> | undefined> {
    try {
      return JSON.parse(await text(body, PROBLEM_BYTES, () => this.#tooLarge())) as Problem;
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

  #failure(
    problem: Partial<Problem> | null | undefined,
    response: MtlsResponse | undefined,
  ): MeshError {
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
        (typeof problem?.detail === 'string' ? problem.detail : code).slice(0, 500),
        // What lies behind the peer is tried again by the peer: if each hop did, tries would multiply.
        code === 'ERR_AGENT_STOPPING' || retryAfterMs === undefined ? later : { retryAfterMs },
      );
    }
    return status === 403
      ? new PeerCallError(
          'ERR_PEER_REFUSED',
          this.name,
          `${this.name} does not let this agent do that.`,
        )
      : new PeerCallError(
          'ERR_PEER_FAILED',
          this.name,
          `${this.name} ${status === undefined ? 'failed' : `answered with status ${status}`}.`,
          later,
        );
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
