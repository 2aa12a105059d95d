import type { Mark, Receipt } from '@mesh/provenance';
import { MARKS, MarkSign } from './marks.js';
import styles from './ReceiptCounts.module.css';

interface Props {
  receipt: Receipt;
  legend?: boolean;
}

/** How many sentences are borne out by what they cite; as a legend, with what that means. */
export function ReceiptCounts({ receipt: { counts, sentences }, legend = false }: Props) {
  const marks = Object.keys(MARKS) as Mark[];
  return (
    <div className={styles.counts}>
      {!legend && (
        <p className={styles.total}>
          {sentences.length === 1 ? '1 sentence' : `${sentences.length} sentences`}
        </p>
      )}
      <ul className={styles.list} data-legend={legend || undefined}>
        {marks.map((mark) => (
          <li key={mark} data-none={counts[mark] === 0 || undefined}>
            <span className={styles.count}>
              <MarkSign mark={mark} /> {counts[mark]} {MARKS[mark].title}
            </span>
            {legend && <span className={styles.meaning}>{MARKS[mark].meaning}</span>}
          </li>
        ))}
      </ul>
    </div>
  );
}
