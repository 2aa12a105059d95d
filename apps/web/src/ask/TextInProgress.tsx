import type { SyntheticEvent } from 'react';
import { visibleText } from '../answer/visible-text.js';
import { Notice } from '../shell/Notice.js';
import styles from './TextInProgress.module.css';

const prevent = (event: SyntheticEvent) => event.preventDefault();

/** The text as it comes: plain, marked, and not to be taken along, since nobody has signed it yet. */
export function TextInProgress({ text }: { text: string }) {
  if (!text) return null;
  return (
    <section className={styles.progress} aria-labelledby="in-progress">
      <Notice tone="unverified" title={<span id="in-progress">Being written, not verified</span>}>
        Nobody has signed this yet. It can be copied once its signatures hold; if they do not, it
        goes away.
      </Notice>
      <p
        className={styles.text}
        dir="auto"
        onCopy={prevent}
        onCut={prevent}
        onDragStart={prevent}
        onContextMenu={prevent}
      >
        {visibleText(text)}
      </p>
    </section>
  );
}
