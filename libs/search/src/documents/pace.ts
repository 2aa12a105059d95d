import { setImmediate } from 'node:timers/promises';

/** Milliseconds of work between two rests: well below what a request on the same thread would notice. */
const WORK_MS = 12;

/** Lets long work share the event loop: it rests after every few milliseconds, and ends when aborted. */
export class Pace {
  private restedAt = performance.now();

  constructor(private readonly signal?: AbortSignal) {}

  get due(): boolean {
    return performance.now() - this.restedAt > WORK_MS;
  }

  get aborted(): boolean {
    return this.signal?.aborted === true;
  }

  async rest(): Promise<void> {
    this.signal?.throwIfAborted();
    await setImmediate();
    this.signal?.throwIfAborted();
    this.restedAt = performance.now();
  }

  /** Runs `work` to its end, resting between its steps where due. Each step should be short. */
  async run<T>(work: Generator<unknown, T>): Promise<T> {
    for (;;) {
      const step = work.next();
      if (step.done === true) return step.value;
      if (this.due) await this.rest();
    }
  }
}
