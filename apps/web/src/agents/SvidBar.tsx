import type { StatusDto } from '@mesh/contracts';
import { useEffect, useRef, useState } from 'react';
import styles from './SvidBar.module.css';
import { duration, svidLife } from './svid-life.js';

/** How far the SVID is on its way to being replaced. */
export function SvidBar({ status, now }: { status: StatusDto; now: number }) {
  const { ageMs, rotatesInMs, progress, expired } = svidLife(status, now);
  const rotated = useJustChanged(status.serialNumber);
  const until = expired
    ? 'expired'
    : rotatesInMs > 0
      ? `rotates in about ${duration(rotatesInMs)}`
      : 'rotation is due';
  return (
    <div className={styles.svid} data-rotated={rotated}>
      <div className={styles.words}>
        <span>SVID, {duration(ageMs)} old</span>
        <span>{rotated ? 'rotated just now' : until}</span>
      </div>
      <div
        className={styles.bar}
        role="progressbar"
        aria-label="Way of the SVID to its rotation"
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.round(progress * 100)}
        aria-valuetext={`${duration(ageMs)} old, ${until}`}
      >
        <div className={styles.fill} style={{ transform: `scaleX(${progress})` }} />
      </div>
      <p className={styles.count}>
        {status.rotations === 1 ? '1 rotation' : `${status.rotations} rotations`} since it started
      </p>
    </div>
  );
}

/** Whether the value changed within the last five seconds. */
function useJustChanged(value: string): boolean {
  const [changed, setChanged] = useState(false);
  const last = useRef(value);
  useEffect(() => {
    if (last.current === value) return;
    last.current = value;
    setChanged(true);
    const timer = setTimeout(() => setChanged(false), 5000);
    return () => clearTimeout(timer);
  }, [value]);
  return changed;
}
