import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Load, type LoadResult } from './load.js';
import { MeshProcess, type AgentAddress, type Memory } from './mesh-process.js';
import { readable, type RotationReport } from './report.js';

/** Rotations of every agent that a run must have seen. */
const ROTATIONS = 5;
/** Memory at the end, as a multiple of that after warm-up, at most. */
const MEMORY_RATIO = 1.1;
/** Warm-up: slices of load until this many in a row raise the peak by less than this share, within these bounds. */
const SLICE_SECONDS = 5;
const CALM_SLICES = 3;
const STEADY = 0.01;
const SLICES = { min: 6, max: 12 };

export interface RotationFlags {
  readonly seconds: number;
  readonly ttl: number;
  readonly concurrency: number;
  readonly quick?: true;
  readonly json?: true;
}

export async function bench(given: RotationFlags): Promise<void> {
  const flags = given.quick ? { ...given, seconds: 6, ttl: 4 } : given;
  const folder = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
  say(`Starting the mesh with SVIDs of ${flags.ttl} s`);
  const mesh = await MeshProcess.start(folder, flags.ttl);
  try {
    const report = await measure(mesh, flags);
    process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : readable(report));
    if (report.missed.length > 0) process.exitCode = 1;
  } finally {
    await mesh.end();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(mesh: MeshProcess, flags: RotationFlags): Promise<RotationReport> {
  const { seconds, ttl, concurrency, quick } = flags;
  const load = new Load(mesh.gatewayUrl, concurrency, mesh.session());
  const warmUp = await warmUpUntilSteady(mesh, load, quick ? { min: 1, max: 1 } : SLICES, quick);
  const before = await rotationsOf(mesh.agents);
  say(`Measuring for ${seconds} s`);
  const result = await load.run(seconds * 1000);
  const after = await rotationsOf(mesh.agents);
  const memory = await mesh.held();
  await load.close();
  const rotations = Object.fromEntries(
    Object.entries(after).map(([agent, total]) => [agent, total - before[agent]!]),
  );
  const memoryRatio = memory.residentBytes / warmUp.memory.residentBytes;
  const halfTtlMs = (ttl / 2) * 1000;
  const failed = result.failures.filter(({ durationMs }) => durationMs < halfTtlMs);
  const wanted = quick ? 2 : ROTATIONS;
  return {
    bench: 'rotation',
    node: process.version,
    seconds,
    ttlSeconds: ttl,
    concurrency,
    rotations,
    requests: result.latenciesMs.length + result.failures.length,
    latencyMs: latency(result),
    failed: failed.length,
    failedLonger: result.failures.length - failed.length,
    failures: result.failures.slice(0, 20),
    memory: {
      warmUpSeconds: warmUp.seconds,
      steady: warmUp.steady,
      before: warmUp.memory,
      after: memory,
      ratio: memoryRatio,
    },
    missed: [
      ...Object.entries(rotations)
        .filter(([, count]) => count < wanted)
        .map(([agent, count]) => `${agent} rotated ${count} times, not ${wanted}`),
      ...(failed.length > 0 ? [`${failed.length} requests failed`] : []),
      ...(memoryRatio > MEMORY_RATIO && !quick
        ? [`memory grew to ${memoryRatio.toFixed(2)} times that after warm-up`]
        : []),
    ],
  };
}

/**
 * The heap grows to what the load needs, code is compiled: only then is memory a measure of leaks. Nothing is collected
 * by force meanwhile: it would keep the heap smaller than the load measured afterwards makes it.
 */
async function warmUpUntilSteady(
  mesh: MeshProcess,
  load: Load,
  slices: { readonly min: number; readonly max: number },
  quick: true | undefined,
): Promise<{ memory: Memory; seconds: number; steady: boolean }> {
  const seconds = quick ? 1 : SLICE_SECONDS;
  let peak = await mesh.peakBytes();
  let calm = 0;
  for (let slice = 1; ; slice++) {
    await load.run(seconds * 1000);
    const now = await mesh.peakBytes();
    say(`Warm-up ${slice * seconds} s: ${(now / 2 ** 20).toFixed(1)} MiB at most`);
    calm = now <= peak * (1 + STEADY) ? calm + 1 : 0;
    peak = now;
    const steady = slice >= slices.min && calm >= CALM_SLICES;
    if (steady || slice >= slices.max) {
      return { memory: await mesh.held(), seconds: slice * seconds, steady };
    }
  }
}

/** How often each agent's SVID was replaced so far, from its metrics. */
async function rotationsOf(agents: readonly AgentAddress[]): Promise<Record<string, number>> {
  const counts = agents.map(async ({ name, managementUrl }) => {
    const text = await (await fetch(`${managementUrl}/metrics`)).text();
    const [, count] = /^mesh_svid_rotations_total (\d+)$/m.exec(text) ?? [];
    if (count === undefined) throw new Error(`${name} does not count its rotations.`);
    return [name, Number(count)] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

function latency({ latenciesMs }: LoadResult): RotationReport['latencyMs'] {
  const sorted = [...latenciesMs].sort((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return { p50: at(0.5) ?? 0, p99: at(0.99) ?? 0, max: sorted.at(-1) ?? 0 };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
