export interface Candidate {
  readonly document: string;
  readonly section: string;
  readonly score: number;
}

/** Passages of one section, which say much the same. */
const PER_SECTION = 3;
/** What each passage already taken from a document costs the next one of it. */
const SAME_DOCUMENT = 0.88;
/** Candidates looked at, per result wanted: what comes after them is far from the question. */
const DEPTH = 12;
/** A passage that scores less than this part of the best one shares a stray word with the question. */
const LEAST = 0.08;

/** Chooses `limit` of the candidates, which come best first: the best ones, a little spread over documents. */
export function choose<T extends Candidate>(candidates: readonly T[], limit: number): T[] {
  const pool = candidates.slice(0, limit * DEPTH);
  const least = (pool[0]?.score ?? 0) * LEAST;
  const chosen: T[] = [];
  const byDocument = new Map<string, number>();
  const bySection = new Map<string, number>();
  while (chosen.length < limit) {
    let best: T | undefined;
    let bestScore = least;
    for (const candidate of pool) {
      if (candidate.score <= bestScore) break;
      if ((bySection.get(candidate.section) ?? 0) >= PER_SECTION || chosen.includes(candidate))
        continue;
      const score = candidate.score * SAME_DOCUMENT ** (byDocument.get(candidate.document) ?? 0);
      if (score > bestScore) {
        best = candidate;
        bestScore = score;
      }
    }
    if (best === undefined) break;
    chosen.push(best);
    byDocument.set(best.document, (byDocument.get(best.document) ?? 0) + 1);
    bySection.set(best.section, (bySection.get(best.section) ?? 0) + 1);
  }
  return chosen;
}
