/** Wrong passwords an account may have in a minute. */
const MAX_FAILURES = 5;
const WINDOW_MS = 60_000;

/** Slows down who guesses passwords. The names that are counted are the caller's to bound. */
export class AttemptLimit {
  readonly #failures = new Map<string, { count: number; until: number }>();

  /** @param now milliseconds since the epoch */
  constructor(private readonly now: () => number) {}

  /** Seconds to wait before the next attempt; 0: try. */
  waitSeconds(name: string): number {
    const failures = this.#failures.get(name);
    if (failures === undefined || failures.count < MAX_FAILURES) return 0;
    return Math.max(0, Math.ceil((failures.until - this.now()) / 1000));
  }

  failed(name: string): void {
    const before = this.#failures.get(name);
    const count = before === undefined || before.until <= this.now() ? 1 : before.count + 1;
    this.#failures.set(name, { count, until: this.now() + WINDOW_MS });
  }

  succeeded(name: string): void {
    this.#failures.delete(name);
  }
}
