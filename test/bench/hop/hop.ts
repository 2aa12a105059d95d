import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { AgentDirectory, loadConfig } from '@mesh/agent';
import { EmbeddedAuthority } from '@mesh/authority';
import { TrustDomain } from '@mesh/identity';
import { EmbeddedIssuer, SamplePasswords, signInAs } from '@mesh/issuer';
import { FileSecretSource, Secret } from '@mesh/secrets';
import { quantile, spreadOf, type Spread } from '../statistics.js';
import {
  table,
  type CostReport,
  type Figure,
  type HopReport,
  type Measurement,
  type WayReport,
} from './report.js';
import { SideProcess } from './side-process.js';
import { answerTo, QUESTION, type Surroundings } from './way.js';
import { COSTS, WAYS, type Row } from './ways/index.js';

/** Requests at a time: a busy agent, and one request after the other. */
const CONCURRENCIES = [16, 1];
/** At one connection a round needs no more than this share of the requests for a steady figure. */
const SHARE_AT_ONE = 0.4;
/** Exchanges before each measurement, so that a way's connections are open and its code is hot again. */
const SETTLE = 400;
/** Requests of a load at most: some ways make what each needs beforehand. */
const LOAD = 8_000;

export interface HopFlags {
  readonly rounds: number;
  readonly requests: number;
  readonly warmUp: number;
  readonly ways?: readonly string[];
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
  const ways = WAYS.filter(({ name }) => flags.ways?.includes(name) ?? true);
  const authority = await startAuthority(folder);
  const issuer = await startIssuer();
  const pairs: Pair[] = [];
  try {
    await writePseudonymKey(folder);
    const surroundings: Surroundings = {
      workloadApi: {
        asker: authority.socketOf('asker'),
        answerer: authority.socketOf('answerer'),
        tts: authority.socketOf('tts'),
      },
      folder,
      issuerUrl: issuer.url,
      accessToken: issuer.accessToken,
    };
    say(`Starting ${ways.map(({ name }) => name).join(', ')}`);
    for (const way of ways) {
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
      ways: ways.map((way) => wayReport(way, ways[0]!, measurements)),
      costs: costReports(ways, measurements),
    };
    process.stdout.write(flags.json ? `${JSON.stringify(report, null, 2)}\n` : table(report));
  } finally {
    await Promise.all(pairs.flatMap(({ client, server }) => [client.end(), server.end()]));
    await issuer.close();
    authority.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The token service's own. */
async function writePseudonymKey(folder: string): Promise<void> {
  const secrets = new FileSecretSource(join(folder, 'secrets'));
  await secrets.set('pseudonyms', new Secret(randomBytes(32).toString('base64url')));
  secrets.close();
}

/** The embedded issuer, and a person who is signed in there for longer than the benchmark takes. */
async function startIssuer() {
  const resource = loadConfig({ env: {} }).audience();
  const passwords = SamplePasswords.random();
  const issuer = await EmbeddedIssuer.start({
    port: 0,
    hostname: '127.0.0.1',
    resource,
    passwords,
    accessTokenTtlSeconds: 3_600,
  });
  const { accessToken } = await signInAs(issuer.url, 'analyst', passwords.of('analyst'), {
    scope: 'research:fast draft:write',
    resource,
  });
  return { url: issuer.url, accessToken, close: () => issuer.close() };
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
    await warm(client, CONCURRENCIES[0]!, Math.ceil(warmUp * 0.75));
    await warm(client, 1, Math.floor(warmUp * 0.25));
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

async function warm(client: SideProcess, concurrency: number, requests: number): Promise<void> {
  for (let left = requests; left > 0; left -= LOAD) {
    await client.load(concurrency, Math.min(left, LOAD));
  }
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
function wayReport(
  { name, title }: Row,
  first: Row,
  measurements: readonly Measurement[],
): WayReport {
  const results = CONCURRENCIES.map((concurrency) => {
    const rounds = pairsOf(name, first.name, concurrency, measurements);
    return {
      concurrency,
      value: spreads(rounds, (own) => own),
      ratio: spreads(rounds, (own, other) => own / other),
    };
  });
  return { name, title, results };
}

/** Of what both ways were measured for. */
function costReports(
  ways: readonly Row[],
  measurements: readonly Measurement[],
): readonly CostReport[] {
  const measured = (way: string) => ways.some(({ name }) => name === way);
  return COSTS.filter(({ way, without }) => measured(way) && measured(without)).map((cost) => ({
    ...cost,
    results: CONCURRENCIES.map((concurrency) => {
      const rounds = pairsOf(cost.way, cost.without, concurrency, measurements);
      return {
        concurrency,
        ratio: spreads(rounds, (own, other) => own / other),
        added: spreads(rounds, (own, other) => own - other),
      };
    }),
  }));
}

type Round = readonly [Measurement, Measurement];

function pairsOf(
  way: string,
  other: string,
  concurrency: number,
  measurements: readonly Measurement[],
): readonly Round[] {
  const of = (name: string) =>
    measurements.filter((one) => one.way === name && one.concurrency === concurrency);
  const others = of(other);
  return of(way).map((own, round) => [own, others[round]!]);
}

function spreads(
  rounds: readonly Round[],
  value: (own: number, other: number) => number,
): Record<Figure, Spread> {
  return Object.fromEntries(
    FIGURES.map((figure) => [
      figure,
      spreadOf(rounds.map(([own, other]) => value(own[figure], other[figure]))),
    ]),
  ) as Record<Figure, Spread>;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
