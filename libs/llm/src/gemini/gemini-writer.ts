import type { DraftRequestDto } from '@mesh/contracts';
import { MeshError } from '@mesh/errors';
import type { Policy } from '@mesh/resilience';
import type {
  DraftChunk,
  DraftModel,
  DraftOptions,
  ModelCheck,
  TokenCounts,
} from '../draft-model.js';
import { ModelError } from '../model.error.js';
import { NOT_ANSWERED } from '../not-answered.js';
import { ArticleText } from './article-text.js';
import type { GeminiClient } from './gemini-client.js';
import { promptOf } from './prompt.js';

/** Tokens that are written at most, thoughts included: four times what a long article takes. */
const OUTPUT_MAX_TOKENS = 32_768;
/** `article` of the contract. */
const ARTICLE_MAX = 100_000;
const CHECK_TIMEOUT_MS = 5000;

/**
 * Has Gemini write the article, from the given sources alone, each statement with its citation. Calls run through the
 * policy: deadline, retries before the first words, circuit breaker. Without sources nothing is asked.
 *
 * What it writes counts as an answer if it says so itself and cites a source that there is; without a citation it is
 * not shown at all.
 *
 * @example
 * const writer = new GeminiWriter(new GeminiClient(axios.create(), secrets), new Policy('gemini'));
 * for await (const chunk of writer.draft(request, { signal })) if (chunk.type === 'text') print(chunk.text);
 */
export class GeminiWriter implements DraftModel {
  readonly provider = 'gemini';

  /** The client and the policy belong to the caller. */
  constructor(
    private readonly client: GeminiClient,
    private readonly policy: Policy,
  ) {}

  get name(): string {
    return this.client.model;
  }

  async *draft(request: DraftRequestDto, options: DraftOptions): AsyncIterable<DraftChunk> {
    options.signal.throwIfAborted();
    const { provider, name } = this;
    if (request.sources.length === 0) {
      yield { type: 'text', text: NOT_ANSWERED };
      const model = { provider, name, used: false } as const;
      yield { type: 'done', article: NOT_ANSWERED, answered: false, model };
      return;
    }
    const { signal, deadline } = options;
    yield* this.policy.stream((attempt) => this.#write(request, attempt.signal), {
      signal,
      // To write it once more costs money, and has no other effect.
      idempotent: true,
      ...(deadline === undefined ? {} : { deadline }),
    });
  }

  /**
   * Asks `GET models/{model}`, which costs nothing. Not through the policy: it neither trips the breaker nor waits for
   * it.
   */
  async check({ signal }: { readonly signal: AbortSignal }): Promise<ModelCheck> {
    signal.throwIfAborted();
    const timeout = AbortSignal.timeout(CHECK_TIMEOUT_MS);
    try {
      const model = await this.client.getModel({ signal: AbortSignal.any([signal, timeout]) });
      return model.canGenerate
        ? { ok: true, detail: `The key is accepted, ${this.name} is there.` }
        : { ok: false, code: 'ERR_MODEL_NOT_FOUND', detail: `${this.name} does not write text.` };
    } catch (error) {
      signal.throwIfAborted();
      if (timeout.aborted)
        return { ok: false, code: 'ERR_MODEL_TIMEOUT', detail: 'Gemini did not answer in time.' };
      if (error instanceof MeshError) return { ok: false, code: error.code, detail: error.message };
      return { ok: false, code: 'ERR_INTERNAL', detail: 'The check failed.' };
    }
  }

  async *#write(request: DraftRequestDto, signal: AbortSignal): AsyncIterable<DraftChunk> {
    const text = new ArticleText(new Set(request.sources.map(({ id }) => id)));
    let tokens: TokenCounts | undefined;
    const written = this.client.streamGenerateContent(
      { ...promptOf(request), generationConfig: { maxOutputTokens: OUTPUT_MAX_TOKENS } },
      { signal, onTokens: (counted) => (tokens = counted) },
    );
    let held = '';
    for await (const piece of written) {
      held += text.push(piece);
      if (text.article.length > ARTICLE_MAX) throw tooLong();
      if (held === '' || !(text.cites || text.saysNo)) continue;
      yield { type: 'text', text: held };
      held = '';
    }
    held += text.end();
    if (text.article.length > ARTICLE_MAX) throw tooLong();
    if (text.article === '' && !text.saysNo) throw wroteNothing();
    const grounded = text.article !== '' && (text.cites || text.saysNo);
    if (!grounded) held = NOT_ANSWERED;
    if (held !== '') yield { type: 'text', text: held };
    yield {
      type: 'done',
      article: grounded ? text.article : NOT_ANSWERED,
      answered: text.cites && !text.saysNo,
      model: { provider: this.provider, name: this.name, used: true },
      ...(tokens === undefined ? {} : { tokens }),
    };
  }
}

function tooLong(): ModelError {
  return new ModelError(
    'ERR_MODEL_ANSWER_CUT',
    `Gemini's answer is longer than the ${ARTICLE_MAX} characters it may have.`,
    { providerStatus: 200 },
  );
}

function wroteNothing(): ModelError {
  return new ModelError('ERR_MODEL_ANSWER_EMPTY', 'Gemini wrote nothing.', {
    providerStatus: 200,
    retry: 'if-idempotent',
  });
}
