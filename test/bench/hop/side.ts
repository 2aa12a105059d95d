// One side of one way, in a process of its own: `side.ts WAY server|client`. It obeys the benchmark over IPC.
import 'reflect-metadata';
import { WAYS } from './ways/index.js';
import type { Asker, Surroundings } from './way.js';

/** What the benchmark may ask of a side. */
export type Order =
  | { readonly do: 'serve'; readonly surroundings: Surroundings }
  | { readonly do: 'connect'; readonly surroundings: Surroundings; readonly url: string }
  | { readonly do: 'load'; readonly concurrency: number; readonly requests: number }
  | { readonly do: 'cpu' };

export interface Load {
  readonly wallMs: number;
  /** CPU of this process, in microseconds. */
  readonly cpuUs: number;
  /** Sorted, in milliseconds. */
  readonly latenciesMs: Float64Array;
}

/** Microseconds of CPU that this process has used, all of its threads. */
function cpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

async function load({ prepare, ask }: Asker, concurrency: number, requests: number): Promise<Load> {
  prepare?.(requests);
  const latenciesMs = new Float64Array(requests);
  let next = 0;
  const work = async () => {
    while (next < requests) {
      const index = next++;
      const start = performance.now();
      await ask();
      latenciesMs[index] = performance.now() - start;
    }
  };
  const cpu = cpuUs();
  const start = performance.now();
  await Promise.all(Array.from({ length: concurrency }, work));
  const wallMs = performance.now() - start;
  const used = cpuUs() - cpu;
  return { wallMs, cpuUs: used, latenciesMs: latenciesMs.sort() };
}

const way = await WAYS.find(({ name }) => name === process.argv[2])!.load();
let asker: Asker | undefined;

async function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case 'serve':
      return way.serve(order.surroundings);
    case 'connect':
      asker = await way.connect(order.surroundings, order.url);
      return undefined;
    case 'load':
      return load(asker!, order.concurrency, order.requests);
    case 'cpu':
      return cpuUs();
  }
}

process.on('message', (order: Order) => {
  void obey(order).then(
    (result) => process.send!({ result }),
    (error: Error) => process.send!({ error: error.stack ?? error.message }),
  );
});
process.on('disconnect', () => process.exit(0));
