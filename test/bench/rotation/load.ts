import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import type { Session } from './session.js';

/** Questions about the project's own documents, and one that they do not answer. */
const QUESTIONS = [
  'How does a workload get its SVID?',
  'What happens to connections when a certificate rotates?',
  'Who may call the writer?',
  'Which Node.js version is needed, and why?',
  'How tall is the Eiffel Tower?',
];
/** After a failure, in milliseconds: a mesh that is down must not be asked a million times. */
const PAUSE_MS = 50;

export interface Failure {
  /** Milliseconds since the run began. */
  readonly atMs: number;
  readonly durationMs: number;
  /** Code of the problem, or of the connection's error. */
  readonly code: string;
  readonly correlationId?: string;
  readonly detail?: string;
}

export interface LoadResult {
  readonly latenciesMs: readonly number[];
  readonly failures: readonly Failure[];
}

/** People, all signed in as the same one, who ask one question after the other, half of them for JSON, half for the event stream. */
export class Load {
  readonly #pool: Pool;

  constructor(
    gatewayUrl: string,
    private readonly concurrency: number,
    private readonly session: Session,
  ) {
    this.#pool = new Pool(gatewayUrl, { connections: concurrency });
  }

  async run(forMs: number): Promise<LoadResult> {
    const latenciesMs: number[] = [];
    const failures: Failure[] = [];
    const begin = performance.now();
    let asked = 0;
    const person = async (_: unknown, index: number) => {
      while (performance.now() - begin < forMs) {
        const question = QUESTIONS[asked++ % QUESTIONS.length]!;
        const start = performance.now();
        const failure = await this.#ask(question, index % 2 === 0);
        const durationMs = performance.now() - start;
        if (!failure) latenciesMs.push(durationMs);
        else {
          failures.push({ atMs: Math.round(start - begin), durationMs, ...failure });
          await delay(PAUSE_MS);
        }
      }
    };
    await Promise.all(Array.from({ length: this.concurrency }, person));
    return { latenciesMs, failures };
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  async #ask(
    question: string,
    stream: boolean,
  ): Promise<Omit<Failure, 'atMs' | 'durationMs'> | undefined> {
    try {
      const { statusCode, body } = await this.#pool.request({
        method: 'POST',
        path: '/v1/research',
        headers: {
          authorization: `Bearer ${await this.session.accessToken()}`,
          'content-type': 'application/json',
          accept: stream ? 'text/event-stream' : 'application/json',
        },
        body: JSON.stringify({ question }),
      });
      const text = await body.text();
      // A stream that fails half way has status 200 and ends with the problem.
      const [, event, data] = stream
        ? (/event: (done|error)\ndata: (.*)\n\n$/.exec(text) ?? [])
        : [text, statusCode === 200 ? 'done' : 'error', text];
      if (statusCode === 200 && event === 'done') return undefined;
      if (data === undefined && statusCode === 200) return { code: 'no end of the stream' };
      const problem = JSON.parse(data ?? text) as Record<string, string | undefined>;
      return {
        code: problem['code'] ?? `status ${statusCode}`,
        ...(problem['correlationId'] ? { correlationId: problem['correlationId'] } : {}),
        ...(problem['detail'] ? { detail: problem['detail'] } : {}),
      };
    } catch (error) {
      return { code: (error as NodeJS.ErrnoException).code ?? String(error) };
    }
  }
}
