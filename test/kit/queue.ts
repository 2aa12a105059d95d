/** What happened, in order, for a test to wait for. */
export class Queue<T> {
  readonly #unread: T[] = [];
  readonly #waiting: ((value: T) => void)[] = [];

  push(value: T): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#unread.push(value);
    else waiting(value);
  }

  /** The next value, which may be there already. */
  next(): Promise<T> {
    if (this.#unread.length > 0) return Promise.resolve(this.#unread.shift() as T);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Values that are there and were not asked for yet. */
  get unread(): readonly T[] {
    return this.#unread;
  }
}
