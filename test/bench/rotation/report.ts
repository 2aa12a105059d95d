import type { Failure } from './load.js';
import type { Memory } from './mesh-process.js';

export interface RotationReport {
  readonly bench: 'rotation';
  readonly node: string;
  readonly seconds: number;
  readonly ttlSeconds: number;
  readonly concurrency: number;
  /** During the measured load, by agent. */
  readonly rotations: Readonly<Record<string, number>>;
  readonly requests: number;
  /** Of those that succeeded. */
  readonly latencyMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** That took less than half a TTL: there may be none. */
  readonly failed: number;
  /** That took longer: a certificate's end may cut them. */
  readonly failedLonger: number;
  /** The first 20. */
  readonly failures: readonly Failure[];
  /** Of the mesh's process. */
  readonly memory: {
    readonly warmUpSeconds: number;
    /** False: it still grew when the warm-up ended. */
    readonly steady: boolean;
    readonly before: Memory;
    readonly after: Memory;
    /** Of resident memory. */
    readonly ratio: number;
  };
  /** What was asked for and not met; empty: passed. */
  readonly missed: readonly string[];
}

/** For people. */
export function readable(report: RotationReport): string {
  const { latencyMs, memory } = report;
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  return [
    `${report.seconds} s of load, ${report.concurrency} requests at a time, SVIDs of ${report.ttlSeconds} s, Node ${report.node}`,
    `Rotations  ${Object.entries(report.rotations)
      .map(([agent, count]) => `${agent} ${count}`)
      .join(', ')}`,
    `Requests   ${report.requests}, ${report.failed} failed` +
      (report.failedLonger > 0
        ? `, ${report.failedLonger} more that took longer than half a TTL`
        : ''),
    `Latency    p50 ${latencyMs.p50.toFixed(1)} ms, p99 ${latencyMs.p99.toFixed(1)} ms, longest ${latencyMs.max.toFixed(1)} ms`,
    `Memory     ${mib(memory.before.residentBytes)} after ${memory.warmUpSeconds} s of warm-up${memory.steady ? '' : ' (not steady yet)'}, ` +
      `${mib(memory.after.residentBytes)} at the end: ${memory.ratio.toFixed(3)} (resident, after garbage collection)`,
    `Heap       ${mib(memory.before.heapBytes)}, ${mib(memory.after.heapBytes)} at the end`,
    ...report.failures.map(
      ({ atMs, durationMs, code, correlationId, detail }) =>
        `  failed at ${(atMs / 1000).toFixed(2)} s after ${durationMs.toFixed(0)} ms: ${code} ${detail ?? ''} ${correlationId ?? ''}`,
    ),
    report.missed.length === 0 ? 'Passed' : `Missed: ${report.missed.join('; ')}`,
    '',
  ].join('\n');
}
