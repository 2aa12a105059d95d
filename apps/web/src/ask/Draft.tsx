import type { SyntheticEvent } from 'react';
import { Notice } from '../shell/Notice.js';
import styles from './Draft.module.css';

const prevent = (event: SyntheticEvent) => event.preventDefault();

/** The text as it comes: plain, marked, and not to be taken along, since nobody has signed it yet. */
export function Draft({ text }: { text: string }) {
  if (!text) return null;
  return (
    <section className={styles.draft} aria-labelledby="draft" data-unverified>
      <Notice tone="unverified" title={<span id="draft">Being written, not verified</span>}>
        Nobody has signed this yet. It can be copied once its signatures hold; if they do not, it
        goes away.
      </Notice>
      <p
        className={styles.text}
        onCopy={prevent}
        onCut={prevent}
        onDragStart={prevent}
        onContextMenu={prevent}
      >
        {text}
      </p>
    </section>
  );
}
