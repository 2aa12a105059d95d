/**
 * Longest time between two looks at the clock: timers stand still while a machine sleeps, and know nothing of a clock
 * that is put forward. Node's own limit is 25 days.
 */
const MAX_DELAY_MS = 30_000;

/**
 * Calls back at a point in time (epoch milliseconds), also one that is months away, and at most 30 s late where the
 * clock jumps past it. Does not hold the process up.
 */
export class Alarm {
  #timer: NodeJS.Timeout | undefined;

  set(at: number, ring: () => void): void {
    this.clear();
    const delay = at - Date.now();
    this.#timer = setTimeout(
      () => {
        if (Date.now() < at) this.set(at, ring);
        else ring();
      },
      Math.min(Math.max(delay, 0), MAX_DELAY_MS),
    );
    this.#timer.unref();
  }

  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
