import type { Clock } from '@mesh/identity';

/** Time that moves when a test says so. */
export class FakeClock implements Clock {
  readonly #timers = new Map<object, { at: number; run: () => void }>();

  /** @param time Milliseconds since the epoch. Default: now, so that certificates just made are valid. */
  constructor(private time: number = Date.now()) {}

  now(): number {
    return this.time;
  }

  after(ms: number, run: () => void): () => void {
    const key = {};
    this.#timers.set(key, { at: this.time + ms, run });
    return () => void this.#timers.delete(key);
  }

  /** Milliseconds until each timer that is set, the earliest first. */
  get waits(): number[] {
    return [...this.#timers.values()].map(({ at }) => at - this.time).sort((a, b) => a - b);
  }

  /** Moves time on, and runs what falls due on the way at its time and in its order. */
  advance(ms: number): void {
    const end = this.time + ms;
    for (;;) {
      const [next] = [...this.#timers]
        .filter(([, { at }]) => at <= end)
        .sort(([, a], [, b]) => a.at - b.at);
      if (next === undefined) break;
      const [key, { at, run }] = next;
      this.#timers.delete(key);
      this.time = Math.max(this.time, at);
      run();
    }
    this.time = end;
  }

  /** Moves time on without running anything: what a process sees after its machine slept. */
  jump(ms: number): void {
    this.time += ms;
  }
}
