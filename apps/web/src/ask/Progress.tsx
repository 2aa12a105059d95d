import { useEffect, useState } from 'react';
import { Identifier } from '../shell/Identifier.js';
import styles from './Progress.module.css';
import type { Run, Step } from './run.js';

const stages = ['searching', 'writing', 'verifying'] as const;

const words: Record<Step['stage'], string> = {
  searching: 'Searching for sources',
  writing: 'Writing from them',
  verifying: 'Checking every signature',
};

/** Who is at work, in the order of the work, with the time each has taken. */
export function Progress({ run }: { run: Run }) {
  const now = useNow(run.endedAt === undefined);
  const began = new Set(run.steps.map(({ stage }) => stage));
  const total = elapsed(run.startedAt, run.endedAt ?? now);
  return (
    <section aria-labelledby="progress">
      <h2 id="progress">
        {run.outcome ? 'How far it came' : 'At work'} <span className={styles.time}>{total}</span>
      </h2>
      <ol className={styles.steps}>
        {run.steps.map((step, index) => (
          <li
            key={index}
            data-state={step.endedAt === undefined ? 'now' : 'past'}
            aria-current={step.endedAt === undefined ? 'step' : undefined}
          >
            <span className={styles.name}>
              {words[step.stage]}{' '}
              <span className={styles.time}>{elapsed(step.startedAt, step.endedAt ?? now)}</span>
            </span>
            <span className={styles.agent}>
              {step.stage === 'verifying' ? 'this browser' : step.agent}
            </span>
            {step.spiffeId && <Identifier>{step.spiffeId}</Identifier>}
          </li>
        ))}
        {!run.outcome &&
          stages
            .filter((stage) => !began.has(stage))
            .map((stage) => (
              <li key={stage} data-state="next">
                <span className={styles.name}>{words[stage]}</span>
              </li>
            ))}
      </ol>
    </section>
  );
}

function elapsed(from: number, to: number): string {
  return `${Math.max(0, (to - from) / 1000).toFixed(1)} s`;
}

/** Milliseconds since the epoch, kept up to date while `active`. */
function useNow(active: boolean): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    if (!active) return;
    const timer = setInterval(() => setNow(Date.now()), 200);
    return () => clearInterval(timer);
  }, [active]);
  return now;
}
