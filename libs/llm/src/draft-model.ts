import type { DraftRequestDto, ModelDto } from '@mesh/contracts';
import type { ErrorCode } from '@mesh/errors';

/** Tokens as a model's provider counts them. */
export interface TokenCounts {
  /** Of what went to the model. */
  readonly input: number;
  /** Of what it wrote, its thoughts included. */
  readonly output: number;
}

/** What a model yields: any number of `text`, then exactly one `done`. */
export type DraftChunk =
  | {
      readonly type: 'text';
      /** The next piece of the article, as it is written. */
      readonly text: string;
    }
  | {
      readonly type: 'done';
      /** The whole article: Markdown, and no citation `[n]` in it without a source `n`. It wins over the pieces. */
      readonly article: string;
      /** False: the sources do not answer the question, and the article says so. */
      readonly answered: boolean;
      readonly model: ModelDto;
      /** What the provider counted for this article, where it told. */
      readonly tokens?: TokenCounts;
    };

/** Outcome of a check that costs nothing. `detail` is one line for an operator and holds no secret. */
export interface ModelCheck {
  readonly ok: boolean;
  readonly detail: string;
  /** Code of the failure. */
  readonly code?: ErrorCode;
}

export interface DraftOptions {
  readonly signal: AbortSignal;
  /** Epoch milliseconds: what would end later is not begun. */
  readonly deadline?: number;
}

/** Writes an article with numbered citations from notes and sources, and from nothing else. */
export interface DraftModel {
  readonly provider: ModelDto['provider'];
  /** The model's name at its provider. */
  readonly name: string;

  /**
   * Writes the draft.
   * @throws ModelError where the model cannot write it, another MeshError where it was not asked; the signal's reason
   * where the caller left.
   */
  draft(request: DraftRequestDto, options: DraftOptions): AsyncIterable<DraftChunk>;

  /**
   * Whether the model can be reached with the key there is. Makes no paid call. A failure is data; an aborted signal
   * rejects with its reason.
   */
  check(options: { readonly signal: AbortSignal }): Promise<ModelCheck>;
}
