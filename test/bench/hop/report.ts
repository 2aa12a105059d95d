import type { Spread } from '../statistics.js';

/** One way in one round. CPU in microseconds a request. */
export interface Measurement {
  readonly way: string;
  readonly round: number;
  readonly concurrency: number;
  readonly requestsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly clientCpuUs: number;
  readonly serverCpuUs: number;
  /** Of both sides. */
  readonly cpuUs: number;
}

export type Figure = Exclude<keyof Measurement, 'way' | 'round' | 'concurrency'>;

export interface WayReport {
  readonly name: string;
  readonly title: string;
  readonly results: readonly {
    readonly concurrency: number;
    readonly value: Readonly<Record<Figure, Spread>>;
    /** To the first way, taken within each round. */
    readonly ratio: Readonly<Record<Figure, Spread>>;
  }[];
}

export interface HopReport {
  readonly bench: 'hop';
  readonly node: string;
  readonly cpu: string;
  readonly cpus: number;
  /** Load average of the last minute before and after: what else the machine did. */
  readonly load: readonly [number, number];
  readonly bytes: { readonly request: number; readonly response: number };
  readonly rounds: number;
  /** A round, at the first concurrency. */
  readonly requests: number;
  readonly warmUp: number;
  readonly ways: readonly WayReport[];
}

/** For people. */
export function table(report: HopReport): string {
  const { bytes, load, ways } = report;
  const width = Math.max(...ways.map(({ title }) => title.length));
  const lines = [
    `Node ${report.node}, ${report.cpus} CPUs (${report.cpu}), load ${load.map((one) => one.toFixed(1)).join(' to ')}`,
    `${bytes.request} bytes out, ${bytes.response} back; ${report.warmUp} requests of warm-up; median of ${report.rounds} rounds`,
    `Ratios to ${ways[0]!.title} are of the same round: median (min to max)`,
  ];
  for (const [index, { concurrency }] of ways[0]!.results.entries()) {
    lines.push(
      '',
      `${concurrency === 1 ? '1 request' : `${concurrency} requests`} at a time`,
      [
        ''.padEnd(width),
        'requests/s'.padStart(10),
        'p50 ms'.padStart(8),
        'p99 ms'.padStart(8),
        'CPU us'.padStart(7),
        '(client + server)'.padStart(18),
        'requests/s'.padStart(19),
        'p50'.padStart(19),
        'p99'.padStart(19),
        'CPU'.padStart(19),
      ].join('  '),
    );
    for (const { title, results } of ways) {
      const { value, ratio } = results[index]!;
      const sides = `${value.clientCpuUs.median.toFixed(0)} + ${value.serverCpuUs.median.toFixed(0)}`;
      lines.push(
        [
          title.padEnd(width),
          value.requestsPerSecond.median.toFixed(0).padStart(10),
          value.p50Ms.median.toFixed(3).padStart(8),
          value.p99Ms.median.toFixed(3).padStart(8),
          value.cpuUs.median.toFixed(0).padStart(7),
          sides.padStart(18),
          spread(ratio.requestsPerSecond),
          spread(ratio.p50Ms),
          spread(ratio.p99Ms),
          spread(ratio.cpuUs),
        ].join('  '),
      );
    }
  }
  return `${lines.join('\n')}\n`;
}

function spread({ min, median, max }: Spread): string {
  return `${median.toFixed(2)} (${min.toFixed(2)}-${max.toFixed(2)})`.padStart(19);
}
