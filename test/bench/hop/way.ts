/** The exchange that every way makes: about 250 bytes each way, the bodies of the Envoy measurement. */
export const QUESTION = { q: 'y'.repeat(240) };
export const ANSWER = 'x'.repeat(220);
export const PATH = '/v1/echo';

/** What an asked side answers. */
export function answerTo(q: string): { answer: string; n: number } {
  return { answer: ANSWER, n: q.length };
}

/** Connections of a client, at most; the same for all ways. It opens as many as there are requests at a time. */
export const CONNECTIONS = 64;
/** How long an idle connection is kept, in milliseconds: the other ways' turns must not cost a handshake. */
export const KEEP_ALIVE_MS = 60_000;

/** The benchmark's own agents that have a Workload API; see `agents`. */
export type BenchAgent = 'asker' | 'answerer' | 'tts';

/** What a side finds when it starts. */
export interface Surroundings {
  /** Workload API of each. */
  readonly workloadApi: Readonly<Record<BenchAgent, string>>;
  /** A folder for what it has to write, with the secrets of the token service. */
  readonly folder: string;
  readonly issuerUrl: string;
  /** Of a person who is signed in. */
  readonly accessToken: string;
}

/** The asking side. */
export interface Asker {
  /** Makes what so many exchanges need. Not measured. */
  readonly prepare?: (requests: number) => void;
  /** One exchange. Rejects unless the answer is the right one. */
  readonly ask: () => Promise<void>;
}

/**
 * One way from a client to a server. Each side runs in a process of its own; it lives until
 * that process ends.
 */
export interface Way {
  /** Starts the answering side. Returns its URL. */
  serve(surroundings: Surroundings): Promise<string>;
  /** Starts the asking side. */
  connect(surroundings: Surroundings, url: string): Promise<Asker>;
}

/** The check that all ways make of an answer. */
export function checkAnswer(value: unknown): void {
  const { answer, n } = value as { answer?: unknown; n?: unknown };
  if (answer !== ANSWER || n !== QUESTION.q.length) throw new Error('The answer is a wrong one.');
}
