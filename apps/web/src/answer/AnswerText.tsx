import { Component, lazy, type ReactNode, Suspense } from 'react';
import type { VerifiedView } from '../proof/verifier.js';
import { ReceiptCounts } from '../receipt/ReceiptCounts.js';
import { Notice } from '../shell/Notice.js';
import styles from './AnswerText.module.css';
import { visibleText } from './visible-text.js';

const MarkedMarkdown = lazy(() => import('./MarkedMarkdown.js'));

/** The verified answer: safe Markdown, its citations leading to their passages, each sentence with its mark. */
export function AnswerText({ view }: { view: VerifiedView }) {
  const { answer } = view.content;
  const { receipt } = view;
  if (typeof answer !== 'string' || !receipt) {
    return (
      <Notice tone="info" title="This answer has no text">
        What it holds instead is proven all the same.
      </Notice>
    );
  }
  const plain = (
    <p className={styles.plain} dir="auto">
      {visibleText(answer)}
    </p>
  );
  return (
    <section className={styles.answer} aria-labelledby="answer-heading">
      <h2 id="answer-heading" className="visually-hidden">
        Answer
      </h2>
      <a href="#proof-heading" className={styles.toProof}>
        Verified in this browser. See the proof
      </a>
      {!receipt.answered && (
        <Notice tone="info" title="The sources do not answer this question">
          What the answer says without a source is a notice, and not counted.
        </Notice>
      )}
      {receipt.sentences.length > 0 && (
        <details className={styles.legend}>
          <summary>
            <ReceiptCounts receipt={receipt} />
          </summary>
          <ReceiptCounts receipt={receipt} legend />
          <p className={styles.note}>
            Checked in this browser, word by word, against the signed passages. Headings and blocks
            of code are not counted. That words stand in a passage does not say that they are true.
          </p>
        </details>
      )}
      <div className={styles.text}>
        {receipt.plain ? (
          plain
        ) : (
          <OrElse key={view.nodes[0]?.digest} fallback={plain}>
            <Suspense fallback={plain}>
              <MarkedMarkdown view={view} markdown={answer} receipt={receipt} />
            </Suspense>
          </OrElse>
        )}
      </div>
    </section>
  );
}

/** What cannot be shown as Markdown, nested too deeply or without its script, is still a proven text. */
class OrElse extends Component<{ fallback: ReactNode; children: ReactNode }, { failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    return this.state.failed ? this.props.fallback : this.props.children;
  }
}
