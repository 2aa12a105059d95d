import type { VerifiedView } from '../proof/verifier.js';

/** IDs of the page's elements for an answer's passages and sentences: of this answer alone, whatever else is shown. */
export function passageId({ nodes }: VerifiedView, source: number): string {
  return `passage-${nodes[0]?.digest.slice(0, 8) ?? ''}-${source}`;
}

export function sentenceId({ nodes }: VerifiedView, sentence: number): string {
  return `sentence-${nodes[0]?.digest.slice(0, 8) ?? ''}-${sentence}`;
}

/** Opens what hides the element, and takes the reader there. */
export function reveal(id: string): void {
  const element = document.getElementById(id);
  if (!element) return;
  const details = element.querySelector('details') ?? element.closest('details');
  if (details) details.open = true;
  element.scrollIntoView({ block: 'center' });
  element.focus({ preventScroll: true });
}
