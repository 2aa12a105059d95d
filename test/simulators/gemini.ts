import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** What a simulator does instead of answering well. */
export type GeminiFault =
  | {
      readonly kind: 'status';
      readonly status: number;
      /** Header `Retry-After`. */
      readonly retryAfter?: string;
      /** `details` of the error body, such as RetryInfo. */
      readonly details?: readonly unknown[];
      /** `status` of the error body. Default: the one that belongs to the HTTP status. */
      readonly code?: string;
    }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Starts an answer, a stream with this text, and never ends it. */
  | { readonly kind: 'hang-in-body'; readonly text?: string }
  /** Closes the connection without an answer, or in the middle of one. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'reset-in-body' }
  /** Ends well-formed after this text, before the candidate is finished. */
  | { readonly kind: 'truncated'; readonly text?: string }
  /** Status 200 with this body; default: text that is no JSON. `type`: default that of the call. */
  | { readonly kind: 'garbage'; readonly body?: string; readonly type?: string }
  /** Status 200 with a text of this many characters. */
  | { readonly kind: 'huge'; readonly length: number; readonly gzip?: boolean }
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'prompt-blocked'; readonly reason?: string }
  /** The candidate ends after its first piece, for this reason. */
  | { readonly kind: 'finish'; readonly reason: string }
  | { readonly kind: 'empty' }
  /** A stream that has begun with status 200 tells of a failure. */
  | { readonly kind: 'error-in-body'; readonly status: number };

export interface GeminiCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>> | undefined;
  /** The client left before the answer was complete. */
  aborted: boolean;
}

/**
 * Simulator of the Gemini REST API, v1beta, on loopback: `models.generateContent`, `models.streamGenerateContent`
 * (`alt=sse`) and `models.get`, with the error bodies of google.rpc.Status (ai.google.dev/api). It is no model: it
 * answers with the first sentence of the first source, or with what it was told. It counts and records calls, tells
 * which clients left, and misbehaves on demand.
 */
export class GeminiSimulator {
  readonly key: string;
  /** Every request that arrived, in order. */
  readonly calls: GeminiCall[] = [];
  /** Called when a request has arrived, before it is answered: tests wait for it instead of sleeping. */
  onCall: (call: GeminiCall) => void = () => undefined;
  /** Called when a client has left before its answer was complete. */
  onAbort: (call: GeminiCall) => void = () => undefined;
  /** What the model says to a prompt. */
  answer: (prompt: string) => string = firstSentence;
  /** Tokens that it says it thought for. */
  thoughts = 12;
  /** Characters of a streamed piece. */
  pieceLength = 24;
  readonly models = new Set(['gemini-3.8-flash', 'gemini-2.5-pro']);
  private readonly server: Server;
  private readonly queue: GeminiFault[] = [];
  private standing: GeminiFault | undefined;

  private constructor(server: Server, key: string) {
    this.server = server;
    this.key = key;
  }

  /** Listens on 127.0.0.1; port 0 takes any that is free. */
  static async start(key = 'AIza-simulated-key', port = 0): Promise<GeminiSimulator> {
    const server = createServer();
    const simulator = new GeminiSimulator(server, key);
    server.on('request', (request, response) => void simulator.serve(request, response));
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', resolve);
    });
    return simulator;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${String((this.server.address() as AddressInfo).port)}`;
  }

  /** Calls that would have been paid for. */
  get generations(): number {
    return this.calls.filter(({ method }) => method === 'POST').length;
  }

  /** The next requests fail like this, one each. */
  failNext(...faults: readonly GeminiFault[]): void {
    this.queue.push(...faults);
  }

  /** All requests fail like this, until it is called with undefined. */
  failAlways(fault: GeminiFault | undefined): void {
    this.standing = fault;
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private async serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let text = '';
    try {
      for await (const chunk of request) text += String(chunk);
    } catch {
      return; // The client left while it was sending.
    }
    const { method = '', url: path = '', headers } = request;
    const call: GeminiCall = { method, path, headers, body: parse(text), aborted: false };
    response.once('close', () => {
      if (response.writableFinished) return;
      call.aborted = true;
      this.onAbort(call);
    });
    this.calls.push(call);
    this.onCall(call);
    const fault = this.queue.shift() ?? this.standing;
    const streamed = path.includes(':streamGenerateContent');
    if (fault !== undefined) fail(fault, response, streamed);
    else this.reply(call, response);
  }

  private reply({ method, path, headers, body }: GeminiCall, response: ServerResponse): void {
    if (headers['x-goog-api-key'] !== this.key) {
      refuse(response, 400, 'INVALID_ARGUMENT', [
        {
          '@type': 'type.googleapis.com/google.rpc.ErrorInfo',
          reason: 'API_KEY_INVALID',
          domain: 'googleapis.com',
        },
      ]);
      return;
    }
    const [, model = '', verb] =
      /^\/v1beta\/models\/([^:?/]+)(?::(\w+))?(?:\?.*)?$/.exec(path) ?? [];
    if (!this.models.has(model)) {
      refuse(response, 404, 'NOT_FOUND');
      return;
    }
    if (method === 'GET' && verb === undefined) {
      json(response, 200, {
        name: `models/${model}`,
        displayName: model,
        supportedGenerationMethods: ['generateContent', 'countTokens'],
      });
      return;
    }
    const prompt = promptOf(body);
    if (method !== 'POST' || prompt === undefined) {
      refuse(response, 400, 'INVALID_ARGUMENT');
      return;
    }
    const text = this.answer(prompt);
    if (verb === 'generateContent') {
      json(response, 200, piece(text, 'STOP', this.usage(prompt, text)));
      return;
    }
    const pieces = text.match(new RegExp(`[^]{1,${String(this.pieceLength)}}`, 'gu')) ?? [''];
    startEvents(response);
    let written = '';
    pieces.forEach((part, at) => {
      written += part;
      const finishReason = at === pieces.length - 1 ? 'STOP' : undefined;
      event(response, piece(part, finishReason, this.usage(prompt, written)));
    });
    response.end();
  }

  /** Each event of a stream counts the whole so far. */
  private usage(prompt: string, written: string): object {
    const promptTokenCount = tokensOf(prompt);
    const candidatesTokenCount = tokensOf(written);
    return {
      promptTokenCount,
      candidatesTokenCount,
      totalTokenCount: promptTokenCount + candidatesTokenCount + this.thoughts,
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: promptTokenCount }],
      // The API leaves out a count of none.
      ...(this.thoughts === 0 ? {} : { thoughtsTokenCount: this.thoughts }),
    };
  }
}

const STATUSES: Readonly<Record<number, string>> = {
  400: 'INVALID_ARGUMENT',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'NOT_FOUND',
  429: 'RESOURCE_EXHAUSTED',
  500: 'INTERNAL',
  503: 'UNAVAILABLE',
  504: 'DEADLINE_EXCEEDED',
};

function fail(fault: GeminiFault, response: ServerResponse, streamed: boolean): void {
  const answer = faultyAnswer(fault);
  if (answer !== undefined) {
    if (!streamed) return json(response, 200, answer);
    startEvents(response);
    event(response, answer);
    response.end();
    return;
  }
  switch (fault.kind) {
    case 'status':
      if (fault.retryAfter !== undefined) response.setHeader('Retry-After', fault.retryAfter);
      refuse(response, fault.status, fault.code ?? STATUSES[fault.status], fault.details);
      break;
    case 'hang-in-body':
      response.writeHead(200, { 'Content-Type': typeOf(streamed) });
      if (streamed)
        event(response, piece(fault.text ?? 'ANSWERED: yes\n\nThe first words', undefined));
      else response.write('{"candidates":[');
      break;
    case 'reset':
      response.destroy();
      break;
    case 'reset-in-body':
      response.writeHead(200, { 'Content-Type': typeOf(streamed), 'Content-Length': '1000' });
      response.write('data: {"candidates":[', () => response.destroy());
      break;
    case 'garbage':
      response.writeHead(200, { 'Content-Type': fault.type ?? typeOf(streamed) });
      response.end(fault.body ?? '<html>Bad gateway</html>');
      break;
    case 'huge':
      sendHuge(fault, response, streamed);
      break;
    case 'redirect':
      response.writeHead(307, { Location: fault.location }).end();
      break;
    default:
    // A hang: nothing comes.
  }
}

/** The body of the faults that are answers in the API's own form. */
function faultyAnswer(fault: GeminiFault): unknown {
  switch (fault.kind) {
    case 'truncated':
      return piece(fault.text ?? 'ANSWERED: yes\n\nThe first words', undefined);
    case 'prompt-blocked':
      return {
        promptFeedback: { blockReason: fault.reason ?? 'SAFETY' },
        usageMetadata: { promptTokenCount: 9, totalTokenCount: 9 },
      };
    case 'finish':
      return piece('ANSWERED: yes\n\nThe first words', fault.reason);
    case 'empty':
      return { candidates: [{ finishReason: 'STOP', index: 0 }] };
    case 'error-in-body':
      return errorBody(fault.status, STATUSES[fault.status]);
    default:
      return undefined;
  }
}

function sendHuge(
  { length, gzip = false }: Extract<GeminiFault, { kind: 'huge' }>,
  response: ServerResponse,
  streamed: boolean,
): void {
  const body = JSON.stringify(piece('x'.repeat(length), 'STOP'));
  const bytes = Buffer.from(streamed ? `data: ${body}\r\n\r\n` : body);
  if (gzip) response.setHeader('Content-Encoding', 'gzip');
  response.writeHead(200, { 'Content-Type': typeOf(streamed) });
  response.end(gzip ? gzipSync(bytes) : bytes);
}

/** About four characters each. */
export function tokensOf(text: string): number {
  return Math.ceil(text.length / 4);
}

function piece(
  text: string,
  finishReason: string | undefined,
  usage: object = { promptTokenCount: 9, candidatesTokenCount: 9, totalTokenCount: 18 },
): unknown {
  return {
    candidates: [
      {
        content: { parts: [{ text }], role: 'model' },
        index: 0,
        ...(finishReason === undefined ? {} : { finishReason }),
      },
    ],
    usageMetadata: usage,
    modelVersion: 'gemini-3.8-flash',
  };
}

function typeOf(streamed: boolean): string {
  return streamed ? 'text/event-stream' : 'application/json; charset=UTF-8';
}

function startEvents(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': typeOf(true) });
}

function event(response: ServerResponse, body: unknown): void {
  response.write(`data: ${JSON.stringify(body)}\r\n\r\n`);
}

function refuse(
  response: ServerResponse,
  status: number,
  code?: string,
  details?: readonly unknown[],
): void {
  json(response, status, errorBody(status, code, details));
}

// The message repeats what a provider might: tests look for it in errors, where it must not be.
function errorBody(status: number, code?: string, details?: readonly unknown[]): unknown {
  return {
    error: {
      code: status,
      message: `provider-text-marker: status ${String(status)}`,
      status: code,
      ...(details === undefined ? {} : { details }),
    },
  };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': typeOf(false) });
  response.end(JSON.stringify(body, null, 2));
}

function promptOf(body: Readonly<Record<string, unknown>> | undefined): string | undefined {
  const contents = body?.['contents'] as { parts?: { text?: unknown }[] }[] | undefined;
  const text = contents?.[0]?.parts?.[0]?.text;
  return typeof text === 'string' ? text : undefined;
}

/** What the simulator says unless told otherwise. */
export function firstSentence(prompt: string): string {
  const [, id, snippet = ''] =
    /=== BEGIN SOURCE (\d+) \S+ ===\n[^\n]*\n\n([^]*?)\n=== END/.exec(prompt) ?? [];
  const sentence = /^[^]*?[.!?](?=\s|$)/.exec(snippet)?.[0] ?? snippet;
  return id === undefined
    ? 'ANSWERED: no\n\nThe documents do not answer this question.'
    : `ANSWERED: yes\n\n${sentence} [${id}]`;
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

// `node test/simulators/gemini.ts [PORT] [FAULT]`, until it is interrupted; a fault as in '{"kind":"hang"}' is for all requests.
if (import.meta.main) {
  const [port = '0', fault] = process.argv.slice(2);
  const simulator = await GeminiSimulator.start(undefined, Number(port));
  if (fault !== undefined) simulator.failAlways(JSON.parse(fault) as GeminiFault);
  console.log(`Simulator of Gemini at ${simulator.baseUrl}, its key is ${simulator.key}`);
}
