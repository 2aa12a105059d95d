import type { VerifiedView } from '../proof/verifier.js';

export function ReceiptPanel({ view }: { view: VerifiedView }) {
  return <p>{view.verdict}</p>;
}
