import type { Depth, Stage } from '@mesh/contracts';
import { type Failure, ownFailure } from '../api/failure.js';
import type { VerifiedView } from '../proof/verifier.js';
import type { StreamEvent } from './event-stream.js';

/** Characters of text in progress at most. */
export const MAX_TEXT_CHARACTERS = 2 ** 20;

export interface Question {
  readonly question: string;
  readonly depth: Depth;
}

/** A part of the work, in the order in which it began. */
export interface Step {
  readonly stage: Stage | 'verifying';
  readonly agent?: string;
  readonly spiffeId?: string;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  readonly endedAt?: number;
}

export type Source = Extract<StreamEvent, { type: 'sources' }>['sources'][number];

/** One question on its way to an answer. */
export interface Run {
  readonly asked: Question;
  readonly correlationId: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly steps: readonly Step[];
  /** Found so far; nobody has signed them. */
  readonly sources: readonly Source[];
  /** As it is being written; nobody has signed it. */
  readonly text: string;
  readonly outcome?: Outcome;
}

/** What a run takes in; an `error` ends it otherwise. */
export type RunEvent = Exclude<StreamEvent, { type: 'error' }>;

export type Outcome =
  | { readonly status: 'verified'; readonly view: VerifiedView; readonly document: string }
  /** `withdrawn`: there was text, and it counts for nothing. */
  | { readonly status: 'failed'; readonly failure: Failure; readonly withdrawn: boolean }
  | { readonly status: 'cancelled' };

export type RunAction =
  | { readonly type: 'ask'; readonly asked: Question; readonly correlationId: string }
  | { readonly type: 'event'; readonly event: RunEvent }
  | { readonly type: 'verified'; readonly view: VerifiedView; readonly document: string }
  | { readonly type: 'failed'; readonly failure: Failure }
  | { readonly type: 'cancelled' }
  | { readonly type: 'clear' };

/** @param now Milliseconds since the epoch */
export function nextRun(
  run: Run | undefined,
  { action, now }: { readonly action: RunAction; readonly now: number },
): Run | undefined {
  if (action.type === 'clear') return undefined;
  if (action.type === 'ask') {
    const { asked, correlationId } = action;
    return { asked, correlationId, startedAt: now, steps: [], sources: [], text: '' };
  }
  // What comes after the end belongs to nobody.
  if (!run || run.outcome) return run;
  switch (action.type) {
    case 'event':
      return afterEvent(run, action.event, now);
    case 'verified':
      return ended(run, now, {
        status: 'verified',
        view: action.view,
        document: action.document,
      });
    case 'failed':
      return ended(run, now, {
        status: 'failed',
        failure: action.failure,
        withdrawn: run.text !== '',
      });
    case 'cancelled':
      return ended(run, now, { status: 'cancelled' });
  }
}

function afterEvent(run: Run, event: RunEvent, now: number): Run {
  switch (event.type) {
    case 'progress': {
      const { stage, agent, spiffeId } = event;
      if (run.steps.at(-1)?.stage === stage) return run;
      return begun(run, { stage, agent, startedAt: now, ...(spiffeId && { spiffeId }) });
    }
    case 'sources':
      return { ...run, sources: event.sources };
    case 'text': {
      const text = run.text + event.text;
      if (text.length <= MAX_TEXT_CHARACTERS) return { ...run, text };
      const { correlationId } = run;
      const failure = ownFailure('STREAM_TOO_LARGE', { correlationId });
      return ended(run, now, { status: 'failed', failure, withdrawn: true });
    }
    case 'done':
      return begun(run, { stage: 'verifying', startedAt: now });
  }
}

function begun(run: Run, step: Step): Run {
  return { ...run, steps: [...closed(run.steps, step.startedAt), step] };
}

/** The end; what nobody has signed is not kept. */
function ended(run: Run, now: number, outcome: Outcome): Run {
  const steps = closed(run.steps, now);
  return { ...run, outcome, endedAt: now, steps, sources: [], text: '' };
}

function closed(steps: readonly Step[], endedAt: number): readonly Step[] {
  return steps.map((step) => (step.endedAt === undefined ? { ...step, endedAt } : step));
}
