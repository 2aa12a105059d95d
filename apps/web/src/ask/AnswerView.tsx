import { Button } from '@mantine/core';
import IconPlayerStop from '@tabler/icons-react/icons/IconPlayerStop';
import IconRefresh from '@tabler/icons-react/icons/IconRefresh';
import { visibleText } from '../answer/visible-text.js';
import { FailureNotice } from '../shell/FailureNotice.js';
import { Page } from '../shell/Page.js';
import styles from './AnswerView.module.css';
import { Progress } from './Progress.js';
import type { Run } from './run.js';
import { SourceLink } from './SourceLink.js';
import { TextInProgress } from './TextInProgress.js';
import { VerifiedAnswer } from './VerifiedAnswer.js';

interface Props {
  run: Run;
  onCancel: () => void;
  /** The same question once more. */
  onAgain: () => void;
  /** Back to the form. @param keep With the question in it. */
  onNext: (keep: boolean) => void;
}

/** A question, the work on it, and what came of it. */
export function AnswerView({ run, onCancel, onAgain, onNext }: Props) {
  const { outcome, asked } = run;
  return (
    <Page title={visibleText(asked.question)} width="wide">
      <p className="visually-hidden" role="status">
        {announcement(run)}
      </p>
      <div className={styles.actions}>
        {outcome ? (
          <>
            <Button variant="default" onClick={() => onNext(false)}>
              Ask something else
            </Button>
            <Button variant="subtle" onClick={() => onNext(true)}>
              Change the question
            </Button>
            {outcome.status === 'verified' && (
              <Button
                variant="subtle"
                leftSection={<IconRefresh size={18} aria-hidden />}
                onClick={onAgain}
              >
                Ask again
              </Button>
            )}
          </>
        ) : (
          <Button
            variant="default"
            leftSection={<IconPlayerStop size={18} aria-hidden />}
            onClick={onCancel}
          >
            Cancel
          </Button>
        )}
      </div>
      {outcome?.status === 'verified' ? (
        <VerifiedAnswer run={run} {...outcome} />
      ) : (
        <div className={styles.columns}>
          <div>
            {outcome?.status === 'failed' && (
              <>
                {outcome.withdrawn && (
                  <p className={styles.withdrawn}>What had been written so far is withdrawn.</p>
                )}
                <FailureNotice failure={outcome.failure} onRetry={onAgain} retryLabel="Ask again" />
              </>
            )}
            {!outcome && <TextInProgress text={run.text} />}
          </div>
          <aside className={styles.aside} data-running={!outcome}>
            <Progress run={run} />
            {run.sources.length > 0 && (
              <section aria-labelledby="found">
                <h2 id="found">Found</h2>
                <ol className={styles.sources}>
                  {run.sources.map(({ id, title, url }) => (
                    <li key={id} value={id}>
                      <SourceLink title={title} url={url} unverified />
                    </li>
                  ))}
                </ol>
              </section>
            )}
          </aside>
        </div>
      )}
    </Page>
  );
}

/** For who does not see it: each stage once, not each word. */
function announcement({ steps, outcome }: Run): string {
  if (outcome?.status === 'verified') return 'The answer is here, verified in this browser.';
  // Their notices speak for themselves.
  if (outcome) return '';
  const step = steps.at(-1);
  if (!step) return 'Asked.';
  if (step.stage === 'verifying') return 'This browser verifies the answer.';
  return step.stage === 'searching' ? `${step.agent} is searching.` : `${step.agent} is writing.`;
}
