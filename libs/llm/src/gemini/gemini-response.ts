import type { TokenCounts } from '../draft-model.js';
import { ModelError } from '../model.error.js';
import { errorOfEvent, brokenOff, invalid } from './gemini-failure.js';
import { listOf, memberOf, parseJson, wordOf } from './json.js';

/** Reads the one body of `generateContent`, or the events of its streaming form one after the other. */
export class GeminiResponseReader {
  #read = false;
  #begun = false;
  #finished = false;
  #wrote = false;
  #tokens: TokenCounts | undefined;

  /** What the API counted so far, each event for the whole; undefined where it told nothing. */
  get tokens(): TokenCounts | undefined {
    return this.#tokens;
  }

  /**
   * The text that the body or event adds; thoughts are none. Throws `ModelError`: a blocked prompt or answer, one that
   * was cut, an error in the middle, or another form than the API's.
   */
  read(body: string): string {
    const parsed = parseJson(body);
    this.#read = true;
    const error = memberOf(parsed, 'error');
    if (error !== undefined) throw errorOfEvent(error);
    const usage = memberOf(parsed, 'usageMetadata');
    this.#tokens = tokensOf(usage) ?? this.#tokens;
    const candidates = memberOf(parsed, 'candidates');
    const blocked = memberOf(memberOf(parsed, 'promptFeedback'), 'blockReason');
    if (blocked !== undefined) {
      const reason = wordOf(blocked) ?? 'OTHER';
      throw new ModelError(
        'ERR_MODEL_PROMPT_BLOCKED',
        `Gemini does not answer this question with these sources (${reason}).`,
        { reason, providerStatus: 200 },
      );
    }
    if (!Array.isArray(candidates)) {
      // An event of usage alone, or a body without a candidate, is of the API's form.
      if (usage !== undefined) return '';
      throw invalid();
    }
    const [candidate] = candidates as unknown[];
    this.#begun ||= candidate !== undefined;
    this.#finish(memberOf(candidate, 'finishReason'));
    const text = textOf(candidate);
    if (text.trim() !== '') this.#wrote = true;
    return text;
  }

  /** At the end of the answer: throws `ModelError` unless there was one and it was whole. */
  end(): void {
    if (!this.#finished && (this.#begun || !this.#read)) throw brokenOff();
    if (!this.#wrote)
      throw new ModelError('ERR_MODEL_ANSWER_EMPTY', 'Gemini wrote nothing.', {
        providerStatus: 200,
        retry: 'if-idempotent',
      });
  }

  #finish(finishReason: unknown): void {
    if (finishReason === undefined || finishReason === 'FINISH_REASON_UNSPECIFIED') return;
    if (finishReason === 'STOP') {
      this.#finished = true;
      return;
    }
    const reason = wordOf(finishReason) ?? 'OTHER';
    const details = { reason, providerStatus: 200 };
    if (reason === 'MAX_TOKENS')
      throw new ModelError(
        'ERR_MODEL_ANSWER_CUT',
        "Gemini's answer is longer than it may be (MAX_TOKENS).",
        details,
      );
    // SAFETY, RECITATION, PROHIBITED_CONTENT, … and whatever reason the API gets one day.
    throw new ModelError(
      'ERR_MODEL_ANSWER_BLOCKED',
      `Gemini stopped writing the answer (${reason}).`,
      details,
    );
  }
}

function textOf(candidate: unknown): string {
  return listOf(memberOf(memberOf(candidate, 'content'), 'parts'))
    .filter((part) => memberOf(part, 'thought') !== true)
    .map((part) => memberOf(part, 'text'))
    .filter((text) => typeof text === 'string')
    .join('');
}

/** A count that is not there is none, as the API leaves out zeros; without the prompt's nothing was counted. */
function tokensOf(usage: unknown): TokenCounts | undefined {
  const [input, written = 0, thought = 0] = [
    'promptTokenCount',
    'candidatesTokenCount',
    'thoughtsTokenCount',
  ].map((name) => memberOf(usage, name));
  return isCount(input) && isCount(written) && isCount(thought)
    ? { input, output: written + thought }
    : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 1e12;
}

/** Whether the answer to `GET models/{model}` says that it writes. */
export function canGenerate(body: string): boolean {
  const model = parseJson(body);
  if (typeof memberOf(model, 'name') !== 'string') throw invalid();
  const methods = memberOf(model, 'supportedGenerationMethods');
  return methods === undefined || listOf(methods).includes('generateContent');
}
