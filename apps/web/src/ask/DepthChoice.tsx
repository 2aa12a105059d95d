import type { Depth, DepthDto } from '@mesh/contracts';
import styles from './DepthChoice.module.css';

const words: Record<Depth, { name: string; description: string }> = {
  fast: { name: 'Fast', description: 'The few passages that fit best.' },
  deep: { name: 'Deep', description: 'More passages, read more widely. Takes longer.' },
};

interface Props {
  depths: readonly DepthDto[];
  value: Depth | undefined;
  onChange: (depth: Depth) => void;
}

/** How much is read; what the person may not is shown with what they lack. */
export function DepthChoice({ depths, value, onChange }: Props) {
  return (
    <fieldset className={styles.choice}>
      <legend>How much to read</legend>
      {depths.map(({ depth, allowed, missing }) => (
        <label key={depth} className={styles.card} data-allowed={allowed}>
          <input
            type="radio"
            name="depth"
            value={depth}
            checked={depth === value}
            disabled={!allowed}
            onChange={() => onChange(depth)}
            aria-labelledby={`depth-${depth}`}
            aria-describedby={`depth-${depth}-reads`}
          />
          <span id={`depth-${depth}`} className={styles.name}>
            {words[depth].name}
          </span>
          <span id={`depth-${depth}-reads`} className={styles.description}>
            {words[depth].description}
            {!allowed && (
              <span className={styles.missing}>
                Not with this account: it lacks <code>{missing ?? `research:${depth}`}</code>.
              </span>
            )}
          </span>
        </label>
      ))}
    </fieldset>
  );
}
