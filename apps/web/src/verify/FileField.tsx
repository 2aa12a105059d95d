import { type ReactNode, useId } from 'react';
import styles from './FileField.module.css';

interface Props {
  label: string;
  hint?: ReactNode;
  /** The field of the page, rather than one beside it. */
  large?: boolean;
  onFiles: (files: readonly File[]) => void;
}

/** A field to choose a file, in the browser's own way: keyboard and screen reader know it. */
export function FileField({ label, hint, large = false, onFiles }: Props) {
  const id = useId();
  return (
    <div className={styles.field} data-large={large || undefined}>
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="file"
        accept=".json,application/json"
        multiple={large}
        aria-describedby={hint ? `${id}-hint` : undefined}
        onChange={({ currentTarget }) => {
          onFiles([...(currentTarget.files ?? [])]);
          // The same file may be chosen again.
          currentTarget.value = '';
        }}
      />
      {hint && (
        <p id={`${id}-hint`} className={styles.hint}>
          {hint}
        </p>
      )}
    </div>
  );
}
