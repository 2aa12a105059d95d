import { parseProviderUrl } from '@mesh/egress';
import { MeshError, hasCode } from '@mesh/errors';
import type { SecretSource } from '@mesh/secrets';
import type { AxiosInstance } from 'axios';
import { createParser } from 'eventsource-parser';
import type { Readable } from 'node:stream';
import type { TokenCounts } from '../draft-model.js';
import { ModelError } from '../model.error.js';
import { brokenOff, errorOfNetwork, errorOfStatus, invalid } from './gemini-failure.js';
import { canGenerate, GeminiResponseReader } from './gemini-response.js';

const GEMINI_BASE_URL = 'https://generativelanguage.googleapis.com';

/** Body of `generateContent`, as far as it is used here. */
export interface GeminiRequest {
  readonly systemInstruction?: GeminiContent;
  readonly contents: readonly GeminiContent[];
  readonly generationConfig?: { readonly maxOutputTokens?: number };
}

export interface GeminiContent {
  readonly role?: 'user' | 'model';
  readonly parts: readonly { readonly text: string }[];
}

/** One generation over HTTP, for metrics. */
export interface GeminiCallMeasure {
  readonly outcome: 'ok' | 'error' | 'aborted';
  /** To the end of the answer. */
  readonly durationMs: number;
}

export interface GeminiClientOptions {
  /** Name of the model. Default `gemini-3.8-flash`. */
  readonly model?: string;
  /** Without the version of the API; https, or http on loopback. Default `https://generativelanguage.googleapis.com`. */
  readonly baseUrl?: string;
  /** Name of the key in the secret source. Default `gemini`. */
  readonly secretName?: string;
  /** Called when a generation that was sent has ended. Must not throw. */
  readonly onCall?: (measure: GeminiCallMeasure) => void;
}

interface CallOptions {
  readonly signal: AbortSignal;
}

interface GenerateOptions extends CallOptions {
  /** Told at the end of a whole answer what the API counted for it, if it did. Must not throw. */
  readonly onTokens?: (tokens: TokenCounts) => void;
}

interface Call {
  readonly method: 'GET' | 'POST';
  /** What follows the model's name. */
  readonly verb: '' | ':generateContent' | ':streamGenerateContent?alt=sse';
  readonly type: 'application/json' | 'text/event-stream';
  readonly data?: GeminiRequest;
}

/** An article of 100,000 characters with what the API says around each piece of it. */
const RESPONSE_MAX_BYTES = 8_000_000;
/** Of a refusal's body; beyond it the status alone counts. */
const REFUSAL_MAX_BYTES = 64 * 1024;
const REQUEST_MAX_BYTES = 8_000_000;
/** What can stand in a header without ending it. */
const KEY = /^[\x21-\x7e]{1,512}$/;

/**
 * The Gemini API, v1beta, over REST. Each call is one HTTP request; the key is read from its source for each, and goes
 * into the header `x-goog-api-key` alone. Redirects and proxies are not used; an answer of more than 8 MB is refused.
 * Rejects with `ModelError`, another `SecretError` of the source, or the signal's reason.
 *
 * @example
 * const gemini = new GeminiClient(axios.create(), secrets);
 * const text = await gemini.generateContent({ contents: [{ parts: [{ text: 'Hello' }] }] }, { signal });
 */
export class GeminiClient {
  readonly model: string;
  readonly #baseUrl: string;
  readonly #secretName: string;
  readonly #onCall: (measure: GeminiCallMeasure) => void;

  /** HTTP client and secrets belong to the caller. Throws `ERR_EGRESS_URL_INVALID`. */
  constructor(
    private readonly http: AxiosInstance,
    private readonly secrets: SecretSource,
    options: GeminiClientOptions = {},
  ) {
    this.model = options.model ?? 'gemini-3.8-flash';
    this.#baseUrl = parseProviderUrl(options.baseUrl ?? GEMINI_BASE_URL);
    this.#secretName = options.secretName ?? 'gemini';
    this.#onCall = options.onCall ?? (() => undefined);
  }

  /** The whole text that the model writes. */
  async generateContent(data: GeminiRequest, options: GenerateOptions): Promise<string> {
    const call: Call = { method: 'POST', verb: ':generateContent', type: 'application/json', data };
    let text = '';
    for await (const piece of this.#generate(call, options)) text += piece;
    return text;
  }

  /** The text as the model writes it, no piece of it empty. Leaving the iteration ends the request. */
  streamGenerateContent(
    data: GeminiRequest,
    options: GenerateOptions,
  ): AsyncGenerator<string, void, undefined> {
    return this.#generate(
      { method: 'POST', verb: ':streamGenerateContent?alt=sse', type: 'text/event-stream', data },
      options,
    );
  }

  /** Whether the model exists for this key and writes. Costs nothing, and is not measured. */
  async getModel(options: CallOptions): Promise<{ readonly canGenerate: boolean }> {
    const call: Call = { method: 'GET', verb: '', type: 'application/json' };
    const key = await this.#key(options.signal);
    let body = '';
    for await (const text of whole(this.#bytes(call, key, options))) body = text;
    return { canGenerate: canGenerate(body) };
  }

  async *#generate(call: Call, options: GenerateOptions): AsyncGenerator<string, void, undefined> {
    const key = await this.#key(options.signal);
    const startedAt = performance.now();
    let outcome: GeminiCallMeasure['outcome'] = 'aborted';
    try {
      const reader = new GeminiResponseReader();
      const bytes = this.#bytes(call, key, options);
      const bodies = call.type === 'text/event-stream' ? events(bytes) : whole(bytes);
      for await (const body of bodies) {
        const text = reader.read(body);
        if (text !== '') yield text;
      }
      reader.end();
      outcome = 'ok';
      if (reader.tokens !== undefined) options.onTokens?.(reader.tokens);
    } catch (error) {
      outcome = options.signal.aborted ? 'aborted' : 'error';
      throw error;
    } finally {
      this.#onCall({ outcome, durationMs: performance.now() - startedAt });
    }
  }

  /** The bytes of a good answer. */
  async *#bytes(
    call: Call,
    key: string,
    { signal }: CallOptions,
  ): AsyncGenerator<Buffer, void, undefined> {
    yield* limited(await this.#open(call, key, signal), signal);
  }

  async #open(call: Call, key: string, signal: AbortSignal): Promise<Readable> {
    let response;
    try {
      response = await this.http.request<Readable>({
        method: call.method,
        url: `${this.#baseUrl}/v1beta/models/${encodeURIComponent(this.model)}${call.verb}`,
        data: call.data,
        headers: { 'x-goog-api-key': key, Accept: call.type },
        signal,
        timeout: 0,
        maxRedirects: 0,
        maxBodyLength: REQUEST_MAX_BYTES,
        proxy: false,
        responseType: 'stream',
        validateStatus: null,
      });
    } catch (error) {
      signal.throwIfAborted();
      // An interceptor's word, such as a host that the agent may not call.
      if (error instanceof MeshError) throw error;
      throw errorOfNetwork(error);
    }
    const { status, headers, data } = response;
    if (status !== 200)
      throw errorOfStatus(status, headers['retry-after'], await refusalBody(data, signal));
    if (!String(headers['content-type']).startsWith(call.type)) {
      data.destroy();
      throw invalid();
    }
    return data;
  }

  async #key(signal: AbortSignal): Promise<string> {
    signal.throwIfAborted();
    let key;
    try {
      key = (await this.secrets.get(this.#secretName, { signal })).secret.reveal();
    } catch (error) {
      if (hasCode(error, 'ERR_SECRET_NOT_FOUND'))
        throw new ModelError(
          'ERR_MODEL_KEY_MISSING',
          `There is no key for Gemini: ./mesh secret set ${this.#secretName}.`,
          { cause: error },
        );
      throw error;
    }
    if (!KEY.test(key))
      throw new ModelError(
        'ERR_MODEL_KEY_REFUSED',
        'The key for Gemini holds characters that no key has.',
      );
    return key;
  }
}

async function* whole(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  yield Buffer.concat(chunks).toString('utf8');
}

async function* events(bytes: AsyncIterable<Buffer>): AsyncGenerator<string> {
  const complete: string[] = [];
  const parser = createParser({ onEvent: ({ data }) => complete.push(data) });
  const decoder = new TextDecoder();
  for await (const chunk of bytes) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    yield* complete.splice(0);
  }
}

/** Leaving the loop over a stream destroys it, and the request with it. */
async function* limited(body: Readable, signal: AbortSignal): AsyncGenerator<Buffer> {
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > RESPONSE_MAX_BYTES) throw invalid("Gemini's answer is too large.");
      yield chunk;
    }
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof MeshError ? error : brokenOff(error);
  }
}

async function refusalBody(body: Readable, signal: AbortSignal): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > REFUSAL_MAX_BYTES) return '';
      chunks.push(chunk);
    }
  } catch {
    signal.throwIfAborted();
    // What came says enough; the status stands.
  }
  return Buffer.concat(chunks).toString('utf8');
}
