import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import type { HopReport } from './hop/report.js';
import type { RotationReport } from './rotation/report.js';

const here = (file: string) => fileURLToPath(new URL(file, import.meta.url));

/** Runs the benchmark as `npm run bench` does. Returns its exit code and what it wrote to stdout. */
async function bench(...args: string[]): Promise<{ code: number; stdout: string }> {
  const command = ['--import', here('typescript.mjs'), here('main.ts'), ...args];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, command);
    return { code: 0, stdout };
  } catch (error) {
    const { code, stdout } = error as { code: number; stdout: string };
    return { code, stdout };
  }
}

describe('npm run bench', () => {
  it('hop: measures each way, as ratios to plain HTTP', async () => {
    const { code, stdout } = await bench('hop', '--quick', '--json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout) as HopReport;
    expect(report.ways.map(({ name }) => name)).toEqual([
      ...['plain', 'bare-mtls', 'mesh', 'delegated', 'delegated-fresh', 'signed', 'signed-fresh'],
      ...['exchange', 'replacement'],
    ]);
    expect(report.bytes.request).toBeGreaterThan(200);
    expect(report.bytes.response).toBeGreaterThan(200);
    for (const { name, results } of report.ways) {
      expect(results.map(({ concurrency }) => concurrency)).toEqual([16, 1]);
      for (const { value, ratio } of results) {
        for (const figure of ['requestsPerSecond', 'p50Ms', 'p99Ms', 'cpuUs'] as const) {
          expect(value[figure].min).toBeGreaterThan(0);
          expect(value[figure].min).toBeLessThanOrEqual(value[figure].median);
          expect(value[figure].median).toBeLessThanOrEqual(value[figure].max);
          if (name === 'plain') expect(ratio[figure].median).toBe(1);
        }
        const { clientCpuUs, serverCpuUs, cpuUs } = value;
        // Of one round: with more, medians do not add up.
        expect(clientCpuUs.median + serverCpuUs.median).toBeCloseTo(cpuUs.median);
      }
    }
    // Delegation and signing by themselves, each against the same hop without it.
    expect(report.costs.map(({ way, without }) => [way, without])).toEqual([
      ['delegated', 'mesh'],
      ['delegated-fresh', 'mesh'],
      ['signed', 'delegated'],
      ['signed', 'mesh'],
      ['signed-fresh', 'mesh'],
    ]);
    for (const { way, without, results } of report.costs) {
      for (const [index, { ratio, added }] of results.entries()) {
        const cpuOf = (name: string) =>
          report.ways.find((one) => one.name === name)!.results[index]!.value.cpuUs.median;
        expect(ratio.cpuUs.median).toBeCloseTo(cpuOf(way) / cpuOf(without));
        expect(added.cpuUs.median).toBeCloseTo(cpuOf(way) - cpuOf(without));
      }
    }
  }, 240_000);

  it('hop: measures the ways that are named alone', async () => {
    const { stdout } = await bench('hop', '--quick', '--json', '--ways', 'mesh,delegated');
    const report = JSON.parse(stdout) as HopReport;
    expect(report.ways.map(({ name }) => name)).toEqual(['mesh', 'delegated']);
    expect(report.costs.map(({ way, without }) => [way, without])).toEqual([['delegated', 'mesh']]);
    expect((await bench('hop', '--ways', 'mesh,carrier-pigeon')).code).toBe(1);
  }, 120_000);

  it('rotation: the mesh serves on while its SVIDs rotate', async () => {
    const { code, stdout } = await bench('rotation', '--quick', '--json');
    const report = JSON.parse(stdout) as RotationReport;
    expect(report.missed).toEqual([]);
    expect(report.failed).toBe(0);
    expect(code).toBe(0);
    expect(Object.keys(report.rotations).sort()).toEqual([
      ...['gateway', 'researcher', 'tts', 'writer'],
    ]);
    for (const count of Object.values(report.rotations)) expect(count).toBeGreaterThanOrEqual(2);
    expect(report.requests).toBeGreaterThan(0);
    expect(report.memory.ratio).toBeGreaterThan(0);
  }, 60_000);

  it('says what it takes, and refuses what it does not', async () => {
    expect((await bench('--help')).stdout).toMatch(/hop[\s\S]*rotation/);
    expect((await bench('hop', '--rounds', 'many')).code).toBe(1);
  }, 30_000);
});
