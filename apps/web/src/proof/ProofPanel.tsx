import type { VerifiedView } from './verifier.js';

export function ProofPanel({ view }: { view: VerifiedView }) {
  return <p>{view.verdict}</p>;
}
