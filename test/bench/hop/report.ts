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

/** What something costs: a way against the same without it, within each round. */
export interface CostReport {
  readonly title: string;
  readonly way: string;
  readonly without: string;
  readonly results: readonly {
    readonly concurrency: number;
    readonly ratio: Readonly<Record<Figure, Spread>>;
    readonly added: Readonly<Record<Figure, Spread>>;
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
  readonly costs: readonly CostReport[];
}

/** For people. */
export function table(report: HopReport): string {
  const { bytes, costs, load, ways } = report;
  const width = Math.max(...[...ways, ...costs].map(({ title }) => title.length));
  const lines = [
    `Node ${report.node}, ${report.cpus} CPUs (${report.cpu}), load ${load.map((one) => one.toFixed(1)).join(' to ')}`,
    `${bytes.request} bytes out, ${bytes.response} back; ${report.warmUp} requests of warm-up; median of ${report.rounds} rounds`,
    `Ratios to ${ways[0]!.title} are of the same round: median (min to max)`,
  ];
  for (const [index, { concurrency }] of ways[0]!.results.entries()) {
    const atATime = `${concurrency === 1 ? '1 request' : `${concurrency} requests`} at a time`;
    lines.push('', atATime, ...wayLines(ways, index, width));
    if (costs.length > 0) lines.push('', ...costLines(report, index, width));
  }
  return `${lines.join('\n')}\n`;
}

function wayLines(ways: readonly WayReport[], index: number, width: number): readonly string[] {
  const head = [
    ''.padEnd(width),
    'requests/s'.padStart(10),
    'p50 ms'.padStart(8),
    'p99 ms'.padStart(8),
    'CPU us'.padStart(7),
    '(client + server)'.padStart(18),
    ...['requests/s', 'p50', 'p99', 'CPU'].map((name) => name.padStart(19)),
  ];
  const rows = ways.map(({ title, results }) => {
    const { value, ratio } = results[index]!;
    const sides = `${value.clientCpuUs.median.toFixed(0)} + ${value.serverCpuUs.median.toFixed(0)}`;
    return [
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
    ];
  });
  return [head, ...rows].map((cells) => cells.join('  '));
}

function costLines({ ways, costs }: HopReport, index: number, width: number): readonly string[] {
  const head = [
    'What it costs'.padEnd(width),
    'CPU added us'.padStart(19),
    '(client + server)'.padStart(18),
    ...['CPU', 'p50', 'requests/s'].map((name) => name.padStart(19)),
    '  against',
  ];
  const rows = costs.map(({ title, without, results }) => {
    const { added, ratio } = results[index]!;
    const sides = `${added.clientCpuUs.median.toFixed(0)} + ${added.serverCpuUs.median.toFixed(0)}`;
    return [
      title.padEnd(width),
      spread(added.cpuUs, 0),
      sides.padStart(18),
      spread(ratio.cpuUs),
      spread(ratio.p50Ms),
      spread(ratio.requestsPerSecond),
      `  ${ways.find(({ name }) => name === without)!.title}`,
    ];
  });
  return [head, ...rows].map((cells) => cells.join('  '));
}

function spread({ min, median, max }: Spread, digits = 2): string {
  const [from, middle, to] = [min, median, max].map((value) => value.toFixed(digits));
  return `${middle} (${from}-${to})`.padStart(19);
}
