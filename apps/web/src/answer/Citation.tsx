import type { MouseEvent } from 'react';
import type { VerifiedView } from '../proof/verifier.js';
import styles from './AnswerText.module.css';
import { passageId, reveal } from './passage-id.js';
import { visibleLine } from './visible-text.js';

/** A citation: leads to the passage it names, if that is signed. */
export function Citation({ view, source }: { view: VerifiedView; source: number }) {
  const named = view.sources.find((one) => one.source.id === source);
  if (!named) {
    return (
      <span className={styles.missing}>
        [{source}]<span className="visually-hidden"> (no such source)</span>
      </span>
    );
  }
  const id = passageId(view, source);
  const open = (event: MouseEvent) => {
    event.preventDefault();
    reveal(id);
  };
  return (
    <a
      href={`#${id}`}
      className={styles.citation}
      aria-label={`Source ${source}: ${visibleLine(named.source.title, 120)}`}
      onClick={open}
    >
      {source}
    </a>
  );
}
