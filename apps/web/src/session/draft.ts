import type { Depth } from '@mesh/contracts';
import { keptText } from '../ask/question.js';

/** What is being asked, kept in this tab alone over a reload and a sign-in of the same person. */
export interface Draft {
  readonly question: string;
  readonly depth: Depth;
}

const KEY = 'mesh-draft';
const nothing: Draft = { question: '', depth: 'fast' };

/** @param person Who is signed in: of another one nothing is shown. */
export function readDraft(person: string): Draft {
  try {
    const draft: unknown = JSON.parse(sessionStorage.getItem(KEY) ?? 'null');
    if (typeof draft !== 'object' || draft === null) return nothing;
    const { question, depth, person: whose } = draft as Partial<Draft & { person: string }>;
    if (whose !== person) return nothing;
    return {
      question: typeof question === 'string' ? keptText(question) : '',
      depth: depth === 'deep' ? 'deep' : 'fast',
    };
  } catch {
    return nothing;
  }
}

export function keepDraft(person: string, draft: Draft): void {
  try {
    sessionStorage.setItem(KEY, JSON.stringify({ ...draft, person }));
  } catch {
    // A convenience: asking works without it.
  }
}

export function forgetDraft(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Then there is none.
  }
}
