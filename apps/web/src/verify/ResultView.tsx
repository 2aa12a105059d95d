import { Loader } from '@mantine/core';
import type { JsonObject } from '@mesh/provenance';
import { AnswerText } from '../answer/AnswerText.js';
import { visibleLine } from '../answer/visible-text.js';
import { questionOf } from '../proof/facts.js';
import { ProofPanel } from '../proof/ProofPanel.js';
import { ReceiptPanel } from '../receipt/ReceiptPanel.js';
import { FailureNotice } from '../shell/FailureNotice.js';
import styles from './ResultView.module.css';
import type { Result } from './use-verification.js';

/** What became of one file: its answer with proof and receipt, or why nothing of it is shown. */
export function ResultView({ result: { name, outcome } }: { result: Result }) {
  const what = name === undefined ? 'Pasted text' : visibleLine(name, 120);
  return (
    <section className={styles.result} aria-label="Result">
      <p className={styles.name}>
        <bdi>{what}</bdi>
      </p>
      {!outcome && (
        <p role="status" className={styles.working}>
          <Loader size="xs" aria-hidden /> Verifying in this browser.
        </p>
      )}
      {outcome && 'failure' in outcome && <FailureNotice failure={outcome.failure} />}
      {outcome && 'view' in outcome && (
        <>
          <p role="status" className="visually-hidden">
            Verified in this browser.
          </p>
          <Question content={outcome.view.content} />
          <div className={styles.columns}>
            <article className={styles.answer} aria-label="Answer">
              <AnswerText view={outcome.view} />
              <ReceiptPanel view={outcome.view} />
            </article>
            <div className={styles.proof}>
              <ProofPanel view={outcome.view} />
            </div>
          </div>
        </>
      )}
    </section>
  );
}

function Question({ content }: { content: JsonObject }) {
  const question = questionOf(content);
  return question === undefined ? null : (
    <p className={styles.question} dir="auto">
      {visibleLine(question, 2000)}
    </p>
  );
}
