/** The longest delay that Node's timers take; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/** Calls back at a point in time (epoch milliseconds), also one that is months away. Does not hold the process up. */
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
