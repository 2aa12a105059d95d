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
import { parseContract, type Contract } from './contract.js';
import { PeerCallError, RelayedError } from './peer.error.js';
import { serverSentEvents } from './server-sent-events.js';

/** Largest answer or event of a peer that is read, in bytes. */
const RESPONSE_BYTES = 4 * 1024 * 1024;
/** Largest problem body that is read, in bytes. */
const PROBLEM_BYTES = 64 * 1024;

/** How a hop went, for metrics. */
export type HopObserver = (hop: {
  peer: string;
  outcome: 'ok' | 'error' | 'aborted';
  durationMs: number;
}) => void;

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
      async ({ signal }) =>
        this.#timed(async () => {
          const response = await this.#send(path, body, 'application/json', context, signal);
          return this.#parse(
            contract,
            parseJson(await text(response.body, RESPONSE_BYTES, this.name), this.name),
          );
        }),
      { signal: context.signal, deadline: context.deadline, idempotent: false },
    );
  }

  /** The same as a stream of events. Ends with `done`, whose result has the contract's type; throws otherwise. */
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
    const response = await this.#timed(() =>
      this.#send(path, body, 'text/event-stream', context, signal),
    );
    let result: T | undefined;
    let failure: MeshError | undefined;
    for await (const { event, data } of serverSentEvents(response.body, RESPONSE_BYTES, () =>
      tooLarge(this.name),
    )) {
      if (failure || result) throw invalid(this.name, 'went on after the end of its answer');
      const value = parseJson(data, this.name);
      if (event === 'error') failure = this.#failure(value as Problem, undefined);
      else if (event === 'done') result = this.#parse(contract, value);
      else yield { ...(value as object), type: event } as AgentEvent<T>;
    }
    // Not before the body's end: one that is left early costs its connection, and the next call a handshake.
    if (failure) throw failure;
    if (!result) throw invalid(this.name, 'ended its answer half way');
    yield { type: 'done', result };
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
    const problem = await text(response.body, PROBLEM_BYTES, this.name).then(
      (body) => safeJson(body) as Problem | undefined,
    );
    throw this.#failure(problem, response);
  }

  #unreachable(cause: MeshError): PeerCallError {
    return new PeerCallError('ERR_PEER_UNREACHABLE', this.name, `${this.name} cannot be reached.`, {
      cause,
      retry: cause.retry,
    });
  }

  #failure(problem: Partial<Problem> | undefined, response: MtlsResponse | undefined): MeshError {
    const code = problem?.code;
    const status = response?.status ?? problem?.status ?? 500;
    const retryAfterMs = parseRetryAfter(response?.headers['retry-after']);
    const options =
      // Who asks to come back later has not begun.
      (status === 503 || status === 429) && retryAfterMs !== undefined
        ? ({ retry: 'safe', retryAfterMs } as const)
        : {};
    if (isErrorCode(code) && errorEntry(code)?.relay) {
      return new RelayedError(
        code,
        this.name,
        String(problem?.detail ?? code).slice(0, 500),
        Array.isArray(problem?.errors) ? problem.errors : [],
        options,
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
          `${this.name} answered with status ${status}.`,
          options,
        );
  }

  #parse<T extends object>(contract: Contract<T>, value: unknown): T {
    try {
      return parseContract(contract, value);
    } catch (cause) {
      throw new PeerCallError(
        'ERR_PEER_RESPONSE_INVALID',
        this.name,
        `${this.name} answered outside its contract.`,
        {
          cause,
        },
      );
    }
  }

  async #timed<T>(work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    let outcome: 'ok' | 'error' | 'aborted' = 'ok';
    try {
      return await work();
    } catch (error) {
      outcome = hasCode(error, 'ERR_REQUEST_ABORTED') ? 'aborted' : 'error';
      throw error;
    } finally {
      this.observe({ peer: this.name, outcome, durationMs: performance.now() - start });
    }
  }
}

async function text(body: AsyncIterable<Uint8Array>, limit: number, peer: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw tooLarge(peer);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parseJson(body: string, peer: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new PeerCallError(
      'ERR_PEER_RESPONSE_INVALID',
      peer,
      `${peer} did not answer with JSON.`,
      { cause },
    );
  }
}

function safeJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined; // a body that is no problem: the status alone is told
  }
}

function tooLarge(peer: string): PeerCallError {
  return invalid(peer, `answered with more than ${RESPONSE_BYTES} bytes`);
}

function invalid(peer: string, what: string): PeerCallError {
  return new PeerCallError('ERR_PEER_RESPONSE_INVALID', peer, `${peer} ${what}.`);
}
