import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';

/** What a simulator does instead of answering well. */
export type TavilyFault =
  | { readonly kind: 'status'; readonly status: number; readonly retryAfter?: string }
  /** Takes the request and never answers. */
  | { readonly kind: 'hang' }
  /** Starts an answer and never ends it. */
  | { readonly kind: 'hang-in-body' }
  /** Closes the connection without an answer, or in the middle of one. */
  | { readonly kind: 'reset' }
  | { readonly kind: 'reset-in-body' }
  /** Status 200 with this body; default: text that is no JSON. */
  | { readonly kind: 'garbage'; readonly body?: string }
  /** Status 200 with a body of this many bytes, few of them on the wire where compressed. */
  | { readonly kind: 'huge'; readonly bytes: number; readonly gzip?: boolean }
  | { readonly kind: 'redirect'; readonly location: string };

export interface TavilyCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>> | undefined;
}

export interface SimulatedResult {
  readonly title: string;
  readonly url: string;
  readonly content: string;
  readonly score: number;
}

/**
 * Simulator of the Tavily REST API on loopback: `POST /search` and `GET /usage`, with its limits and error bodies
 * (docs.tavily.com, API reference). It counts calls, records them, and misbehaves on demand.
 */
export class TavilySimulator {
  /** Every request that arrived, in order. */
  readonly calls: TavilyCall[] = [];
  /** Called when a request has arrived, before it is answered: tests wait for it instead of sleeping. */
  onCall: (call: TavilyCall) => void = () => undefined;
  results: SimulatedResult[] = [
    {
      title: 'SPIFFE: concepts',
      url: 'https://example.com/spiffe',
      content: 'A workload gets its SVID from the Workload API.',
      score: 0.91,
    },
  ];
  usage: unknown = {
    key: { usage: 150, limit: null },
    account: {
      current_plan: 'Bootstrap',
      plan_usage: 500,
      plan_limit: 15_000,
      paygo_usage: 0,
      paygo_limit: 0,
    },
  };
  private readonly queue: TavilyFault[] = [];
  private standing: TavilyFault | undefined;

  private constructor(
    private readonly server: Server,
    readonly key: string,
  ) {}

  static async start(key = 'tvly-simulated-key'): Promise<TavilySimulator> {
    const server = createServer();
    const simulator = new TavilySimulator(server, key);
    server.on('request', (request, response) => void simulator.serve(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return simulator;
  }

  get baseUrl(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The next requests fail like this, one each. */
  failNext(...faults: readonly TavilyFault[]): void {
    this.queue.push(...faults);
  }

  /** All requests fail like this, until it is called with undefined. */
  failAlways(fault: TavilyFault | undefined): void {
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
    const call = { method, path, headers, body: parse(text) };
    this.calls.push(call);
    this.onCall(call);
    const fault = this.queue.shift() ?? this.standing;
    if (fault === undefined) this.answer(call, response);
    else fail(fault, response);
  }

  private answer({ method, path, headers, body }: TavilyCall, response: ServerResponse): void {
    if (headers.authorization !== `Bearer ${this.key}`)
      return refuse(response, 401, 'Unauthorized: missing or invalid API key.');
    if (method === 'GET' && path === '/usage') return json(response, 200, this.usage);
    if (method !== 'POST' || path !== '/search')
      return json(response, 404, { detail: 'Not Found' });
    const { query, search_depth: depth = 'basic', max_results: max = 5 } = body ?? {};
    if (typeof query !== 'string' || query.trim() === '')
      return refuse(response, 400, 'Query is missing.');
    if (query.length > 400)
      return refuse(response, 400, 'Query is too long. Max query length is 400 characters.');
    if (!['basic', 'advanced', 'fast', 'ultra-fast'].includes(String(depth)))
      return refuse(response, 400, 'Invalid search depth.');
    if (typeof max !== 'number' || !Number.isInteger(max) || max < 0 || max > 20)
      return refuse(response, 400, 'Max results must be between 0 and 20.');
    json(response, 200, {
      query,
      follow_up_questions: null,
      answer: null,
      images: [],
      results: this.results.slice(0, max).map((result) => ({ ...result, raw_content: null })),
      response_time: 0.42,
      request_id: '123e4567-e89b-12d3-a456-426614174111',
    });
  }
}

const MESSAGES: Readonly<Record<number, string>> = {
  401: 'Unauthorized: missing or invalid API key.',
  429: 'Your request has been blocked due to excessive requests.',
  432: "This request exceeds your plan's set usage limit. Please upgrade your plan or contact support.",
  433: 'This request exceeds the pay-as-you-go limit.',
  500: 'Internal Server Error',
};

function fail(fault: TavilyFault, response: ServerResponse): void {
  switch (fault.kind) {
    case 'status':
      if (fault.retryAfter !== undefined) response.setHeader('Retry-After', fault.retryAfter);
      return refuse(response, fault.status, MESSAGES[fault.status] ?? 'Failed.');
    case 'hang':
      return;
    case 'hang-in-body':
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
      response.write('{"results":[');
      return;
    case 'reset':
      response.destroy();
      return;
    case 'reset-in-body':
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': '1000' });
      response.write('{"results":[', () => response.destroy());
      return;
    case 'garbage':
      response.writeHead(200, { 'Content-Type': 'application/json' });
      response.end(fault.body ?? '<html>Bad gateway</html>');
      return;
    case 'huge': {
      const body = Buffer.from(`{"results":[],"padding":"${'x'.repeat(fault.bytes)}"}`);
      const encoding = fault.gzip === true ? { 'Content-Encoding': 'gzip' } : {};
      response.writeHead(200, { 'Content-Type': 'application/json', ...encoding });
      response.end(fault.gzip === true ? gzipSync(body) : body);
      return;
    }
    case 'redirect':
      response.writeHead(307, { Location: fault.location }).end();
  }
}

function refuse(response: ServerResponse, status: number, error: string): void {
  json(response, status, { detail: { error } });
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify(body));
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
