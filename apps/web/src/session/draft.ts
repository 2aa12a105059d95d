import type { Depth } from '@mesh/contracts';
import { keptText } from '../ask/question.js';

/** What is being asked, kept in this tab alone over a reload and a sign-in. */
export interface Draft {
  readonly question: string;
  readonly depth: Depth;
}

const KEY = 'mesh-draft';
const nothing: Draft = { question: '', depth: 'fast' };

export function readDraft(): Draft {
  try {
    const draft: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
    if (typeof draft !== 'object' || draft === null) return nothing;
    const { question, depth } = draft as Partial<Draft>;
    return {
      question: typeof question === 'string' ? keptText(question) : '',
      depth: depth === 'deep' ? 'deep' : 'fast',
    };
  } catch {
    return nothing;
  }
}

export function keepDraft(draft: Draft): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(draft));
  } catch {
    // A convenience: asking works without it.
  }
}

export function forgetDraft(): void {
  keepDraft(nothing);
}
