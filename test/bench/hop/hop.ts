import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AgentDirectory } from '@mesh/agent';
import { EmbeddedAuthority } from '@mesh/authority';
import { TrustDomain } from '@mesh/identity';
import { quantile, spreadOf } from '../statistics.js';
import { table, type HopReport, type Measurement, type WayReport } from './report.js';
import { SideProcess } from './side-process.js';
import { answerTo, QUESTION, type Surroundings } from './way.js';
import { WAYS, type Row } from './ways/index.js';

/** Requests at a time: a busy agent, and one request after the other. */
const CONCURRENCIES = [16, 1];
/** At one connection a round needs no more than this share of the requests for a steady figure. */
const SHARE_AT_ONE = 0.4;
/** Exchanges before each measurement, so that a way's connections are open and its code is hot again. */
const SETTLE = 400;

export interface HopFlags {
  readonly rounds: number;
  readonly requests: number;
  readonly warmUp: number;
  readonly quick?: true;
  readonly profile?: string;
  readonly json?: true;
}

interface Pair {
  readonly way: Row;
  readonly server: SideProcess;
  readonly client: SideProcess;
}

export async function bench(given: HopFlags): Promise<void> {
  const flags = given.quick ? { ...given, rounds: 1, requests: 200, warmUp: 100 } : given;
  const profile = flags.profile === undefined ? undefined : resolve(flags.profile);
  if (profile !== undefined) mkdirSync(profile, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), 'mesh-bench-'));
  const authority = await startAuthority(folder);
  const pairs: Pair[] = [];
  try {
    const surroundings: Surroundings = {
      workloadApi: {
        asker: authority.socketOf('asker'),
        answerer: authority.socketOf('answerer'),
      },
      folder,
    };
    say(`Starting ${WAYS.map(({ title }) => title).join(', ')}`);
    for (const way of WAYS) {
      const server = SideProcess.start(way.name, 'server', profile);
      const client = SideProcess.start(way.name, 'client', profile);
      pairs.push({ way, server, client });
    }
    await Promise.all(
      pairs.map(async ({ server, client }) =>
        client.connect(surroundings, await server.serve(surroundings)),
      ),
    );
    const load = loadavg()[0]!;
    const measurements = await measureAll(pairs, flags);
    const report: HopReport = {
      bench: 'hop',
      node: process.version,
      cpu: cpus()[0]?.model ?? 'unknown',
      cpus: availableParallelism(),
      load: [load, loadavg()[0]!],
      bytes: {
        request: Buffer.byteLength(JSON.stringify(QUESTION)),
        response: Buffer.byteLength(JSON.stringify(answerTo(QUESTION.q))),
      },
      rounds: flags.rounds,
      requests: flags.requests,
      warmUp: flags.warmUp,
      ways: WAYS.map((way) => wayReport(way, measurements)),
    };
    process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : table(report));
  } finally {
    await Promise.all(pairs.flatMap(({ client, server }) => [client.end(), server.end()]));
    authority.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Long-lived SVIDs: rotation has a benchmark of its own. */
function startAuthority(folder: string): Promise<EmbeddedAuthority> {
  const trustDomain = TrustDomain.parse('mesh.local');
  const directory = AgentDirectory.load(join(import.meta.dirname, 'agents'), trustDomain);
  return EmbeddedAuthority.start({
    trustDomain,
    directory: join(folder, 'run'),
    workloads: directory.names().map((name) => ({ name, id: directory.spiffeIdOf(name) })),
  });
}

async function measureAll(
  pairs: readonly Pair[],
  { rounds, requests, warmUp }: HopFlags,
): Promise<Measurement[]> {
  for (const { way, client } of pairs) {
    say(`Warming up ${way.title}: ${warmUp} requests`);
    const [many, one] = [Math.ceil(warmUp * 0.75), Math.floor(warmUp * 0.25)];
    await client.load(CONCURRENCIES[0]!, many);
    await client.load(1, one);
  }
  const measurements: Measurement[] = [];
  for (let round = 0; round < rounds; round++) {
    say(`Round ${round + 1} of ${rounds}`);
    for (const concurrency of CONCURRENCIES) {
      const count = Math.ceil(concurrency === 1 ? requests * SHARE_AT_ONE : requests);
      // Each round begins with another way, so that none always runs after the same one.
      for (let turn = 0; turn < pairs.length; turn++) {
        const pair = pairs[(round + turn) % pairs.length]!;
        measurements.push(await measure(pair, round, concurrency, count));
      }
    }
  }
  return measurements;
}

async function measure(
  { way, client, server }: Pair,
  round: number,
  concurrency: number,
  requests: number,
): Promise<Measurement> {
  await client.load(concurrency, Math.min(SETTLE, requests));
  const before = await server.cpuUs();
  const { wallMs, cpuUs, latenciesMs } = await client.load(concurrency, requests);
  const serverUs = (await server.cpuUs()) - before;
  return {
    way: way.name,
    round,
    concurrency,
    requestsPerSecond: (requests / wallMs) * 1000,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    clientCpuUs: cpuUs / requests,
    serverCpuUs: serverUs / requests,
    cpuUs: (cpuUs + serverUs) / requests,
  };
}

const FIGURES = [
  'requestsPerSecond',
  'p50Ms',
  'p99Ms',
  'clientCpuUs',
  'serverCpuUs',
  'cpuUs',
] as const;

/** Ratios are taken within a round, where both saw the same machine. */
function wayReport({ name, title }: Row, measurements: readonly Measurement[]): WayReport {
  const results = CONCURRENCIES.map((concurrency) => {
    const of = (way: string) =>
      measurements.filter((one) => one.way === way && one.concurrency === concurrency);
    const [own, first] = [of(name), of(WAYS[0].name)];
    const spreads = (value: (figure: (typeof FIGURES)[number], index: number) => number) =>
      Object.fromEntries(
        FIGURES.map((figure) => [figure, spreadOf(own.map((_, index) => value(figure, index)))]),
      ) as WayReport['results'][number]['ratio'];
    return {
      concurrency,
      value: spreads((figure, index) => own[index]![figure]),
      ratio: spreads((figure, index) => own[index]![figure] / first[index]![figure]),
    };
  });
  return { name, title, results };
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
