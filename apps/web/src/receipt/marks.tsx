import type { Mark } from '@mesh/provenance';
import styles from './marks.module.css';

interface Kind {
  readonly sign: string;
  readonly title: string;
  readonly meaning: string;
}

/** What each mark looks like and means, from the best to the worst. */
export const MARKS: Readonly<Record<Mark, Kind>> = {
  quoted: { sign: '”', title: 'quoted', meaning: 'its words stand in a passage that it cites' },
  cited: { sign: '≈', title: 'cited', meaning: 'it names a source, in other words' },
  unsupported: { sign: '?', title: 'unsupported', meaning: 'it names no source that is signed' },
};

/** The sign of a mark, to be told from the others without its colour. */
export function MarkSign({ mark }: { mark: Mark }) {
  const { sign, title } = MARKS[mark];
  return (
    <span
      className={styles.sign}
      data-mark={mark}
      role="img"
      aria-label={`(${title})`}
      title={title}
    >
      {sign}
    </span>
  );
}
