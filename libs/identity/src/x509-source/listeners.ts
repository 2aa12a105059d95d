/** What live sources have and values that never change have not. */
export interface Watchable {
  /** Calls `listener` after each change. Returns the way to stop it. */
  onUpdate(listener: () => void): () => void;
}

/** Listeners of one event. One that throws keeps none of the others from being called. */
export class Listeners<Arguments extends readonly unknown[]> {
  readonly #listeners = new Set<(...args: Arguments) => void>();

  constructor(private readonly failed: (error: unknown) => void) {}

  /** The same function may be added twice. */
  add(listener: (...args: Arguments) => void): () => void {
    const own = (...args: Arguments) => listener(...args);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  call(...args: Arguments): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(...args);
      } catch (error) {
        this.failed(error);
      }
    }
  }
}
