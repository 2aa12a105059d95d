import type { Failure } from '../api/failure.js';

/** Milliseconds by which the clocks may differ, before that is taken for the cause. */
const SKEW = 45_000;

export interface RefusalFacts {
  readonly correlationId: string;
  /** How far this computer's clock is behind the gateway's, in milliseconds; NaN where it is not known. */
  readonly skew: number;
}

/** Why the answer is not shown. @param error Of the verification */
export function refusal(error: unknown, { correlationId, skew }: RefusalFacts): Failure {
  const { code, message } = error as { code?: unknown; message?: unknown };
  // The mesh's own codes are verdicts; others say that there is none.
  const judged = typeof code === 'string' && code.startsWith('ERR_');
  return {
    title: judged
      ? 'The answer does not verify, so it is not shown'
      : 'This browser could not verify the answer, so it is not shown',
    detail: typeof message === 'string' ? message : 'Its proof could not be read.',
    advice: judged ? adviceFor(skew) : 'Reload the page, then ask again.',
    code: typeof code === 'string' ? code : 'VERIFICATION_FAILED',
    correlationId,
    status: 0,
  };
}

function adviceFor(skew: number): string {
  if (Math.abs(skew) > SKEW) {
    const minutes = Math.max(1, Math.round(Math.abs(skew) / 60_000));
    const side = skew > 0 ? 'behind' : 'ahead of';
    return `The clock of this computer is about ${minutes} min ${side} the mesh’s, and signatures are judged by it: set it right, then ask again.`;
  }
  return 'Ask again. If it comes back, something between the agents and this browser changes answers: tell the operator.';
}
