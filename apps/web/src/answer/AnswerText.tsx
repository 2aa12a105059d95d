import type { VerifiedView } from '../proof/verifier.js';

export function AnswerText({ view }: { view: VerifiedView }) {
  return <p>{JSON.stringify(view.content['answer'])}</p>;
}
