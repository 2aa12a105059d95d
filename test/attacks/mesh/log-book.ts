import { once } from 'node:events';

/** A line of an agent's log. */
export type LogLine = Readonly<Record<string, unknown>>;

/** How long a line may take from the agent to here, in milliseconds. */
const PATIENCE_MS = 5_000;

/** Everything a process wrote, as it comes. */
export class LogBook {
  /** As it was written, both streams. */
  text = '';
  readonly lines: LogLine[] = [];
  readonly #changed = new EventTarget();
  #rest = '';

  /** Takes what came on a stream. Its lines are JSON; what is none is kept in `text` alone. */
  add(chunk: string): void {
    this.text += chunk;
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines)
      if (line.startsWith('{')) this.lines.push(JSON.parse(line) as LogLine);
    this.#changed.dispatchEvent(new Event('line'));
  }

  /** A line that is not a log line, such as the one a process ends with. */
  addPlain(chunk: string): void {
    this.text += chunk;
  }

  /** The first line from `since` on that fits, waiting for it; undefined if none comes. */
  async find(fits: (line: LogLine) => boolean, since = 0): Promise<LogLine | undefined> {
    const patience = AbortSignal.timeout(PATIENCE_MS);
    for (let next = since; ;) {
      for (; next < this.lines.length; next++) {
        const line = this.lines[next];
        if (line && fits(line)) return line;
      }
      if (patience.aborted) return undefined;
      await once(this.#changed, 'line', { signal: patience }).catch(() => undefined);
    }
  }
}
