import { constants } from 'node:os';

/** npm passes a Ctrl-C on that the terminal sends to all: within this it is the same one, in milliseconds. */
const SAME_SIGNAL_MS = 500;

/** What a person, or whoever runs the process, says by a signal. */
export interface Stop {
  /** Aborts at SIGINT, SIGTERM or SIGHUP. */
  readonly signal: AbortSignal;
  /** Resolves then, with the signal's name. */
  readonly requested: Promise<NodeJS.Signals>;
}

/** From here on the first signal asks to stop in order, and a second one ends the process at once. */
export function stopOnSignals(): Stop {
  const controller = new AbortController();
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  let since: number | undefined;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      since ??= performance.now();
      if (performance.now() - since > SAME_SIGNAL_MS) process.exit(exitCodeOf(name));
      resolve(name);
      controller.abort();
    });
  }
  return { signal: controller.signal, requested: promise };
}

/** As a shell reports a program that a signal ended: 130 for SIGINT. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
