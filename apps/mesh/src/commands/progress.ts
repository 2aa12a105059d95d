import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from '@mesh/agent/nest';

/** Work that is done within this shows no bar, in milliseconds. */
const PATIENCE_MS = 1_000;

/** Draws a bar on stderr once a preparation takes longer than a second; on a terminal alone. */
export function showProgress(): { show: (progress: Progress) => void; end: () => void } {
  const bars = new Map<string, { since: number; bar?: SingleBar }>();
  const show = ({ what, done, total }: Progress) => {
    const state = bars.get(what) ?? { since: Date.now() };
    bars.set(what, state);
    if (!state.bar && done < total && Date.now() - state.since > PATIENCE_MS) {
      state.bar = new SingleBar(
        {
          format: `${what} [{bar}] {value}/{total}`,
          stream: process.stderr,
          noTTYOutput: false,
          hideCursor: true,
        },
        Presets.rect,
      );
      state.bar.start(total, done);
    }
    state.bar?.setTotal(total);
    state.bar?.update(done);
    if (done >= total) {
      state.bar?.stop();
      bars.delete(what);
    }
  };
  /** Gives the cursor back where a preparation was broken off. */
  const end = () => {
    for (const { bar } of bars.values()) bar?.stop();
    bars.clear();
  };
  return { show, end };
}
