import { createServer } from 'node:net';
import { existsSync, lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { AgentDirectory, type MeshConfig } from '@mesh/agent';
import { MeshError } from '@mesh/errors';
import { X509Source, type SpiffeId } from '@mesh/identity';
import { StateFolder, type RunningMesh } from '../state/state-folder.js';
import { providerChecks } from './provider-checks.js';
import { settings } from './prepare.js';

/** One thing that was looked at. */
export interface Finding {
  readonly what: string;
  readonly state: 'ok' | 'wrong' | 'skipped';
  /** What was seen, and for `wrong` what to do. */
  readonly detail: string;
}

/** Longest path of a Unix socket that the kernel takes, in bytes. */
const SOCKET_PATH_BYTES = 107;
/** How long the Workload API may take, in milliseconds. */
const WORKLOAD_API_MS = 5_000;

/** Looks for what newcomers get wrong; exit code 1 if something is. */
export async function doctor(): Promise<void> {
  let wrong = 0;
  for await (const { what, state, detail } of findings()) {
    const mark = { ok: '✔', wrong: '✘', skipped: '–' }[state];
    process.stdout.write(`${mark} ${what}: ${detail}\n`);
    if (state === 'wrong') wrong += 1;
  }
  process.stdout.write(wrong === 0 ? '\nNothing is wrong.\n' : `\n${wrong} to mend.\n`);
  if (wrong > 0) process.exitCode = 1;
}

async function* findings(): AsyncGenerator<Finding> {
  yield node();
  let config: MeshConfig;
  let directory: AgentDirectory;
  try {
    config = settings();
    yield { what: 'configuration', state: 'ok', detail: 'valid (./mesh config shows it)' };
    directory = AgentDirectory.load(config.agents, config.trustDomain);
    yield {
      what: 'agent.yaml',
      state: 'ok',
      detail: `${directory.names().length} agents: ${directory.names().join(', ')}`,
    };
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    yield { what: 'configuration', state: 'wrong', detail: error.message };
    return;
  }
  const state = new StateFolder(config.state);
  const running = state.running();
  yield* ports(config, directory, running);
  yield* sockets(state, directory);
  yield* rights(state);
  yield clock();
  yield* identities(config, state, directory, running);
  yield* documents(config);
  yield* providerChecks(config, state, directory);
}

function node(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 26 || (major === 26 && minor >= 10)
    ? { what: 'Node.js', state: 'ok', detail: process.version }
    : {
        what: 'Node.js',
        state: 'wrong',
        detail: `${process.version}; 26.10.0 or newer is needed: start by ./mesh or npm start`,
      };
}

async function* ports(
  config: MeshConfig,
  directory: AgentDirectory,
  running: RunningMesh | undefined,
): AsyncGenerator<Finding> {
  for (const name of directory.names()) {
    const ours = running?.agents[name]?.url !== undefined;
    for (const port of [config.port(name, directory), config.managementPort(name, directory)]) {
      if (port === 0 || ours || (await isFree(config.bind, port))) continue;
      yield {
        what: `port ${port}`,
        state: 'wrong',
        detail: `in use by another program; stop it or set MESH_PORT_${name.toUpperCase()} (MESH_MANAGEMENT_PORT_${name.toUpperCase()})`,
      };
      return;
    }
  }
  yield { what: 'ports', state: 'ok', detail: running ? 'used by the running mesh' : 'free' };
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

function* sockets(state: StateFolder, directory: AgentDirectory): Generator<Finding> {
  const longest = directory
    .names()
    .map((name) => join(state.sockets, `${name}.sock`))
    .reduce((a, b) => (a.length > b.length ? a : b));
  const bytes = Buffer.byteLength(longest);
  yield bytes <= SOCKET_PATH_BYTES
    ? { what: 'socket path', state: 'ok', detail: `${bytes} of at most ${SOCKET_PATH_BYTES} bytes` }
    : {
        what: 'socket path',
        state: 'wrong',
        detail: `${bytes} bytes, the kernel takes ${SOCKET_PATH_BYTES}: set MESH_STATE to a shorter path`,
      };
}

function* rights(state: StateFolder): Generator<Finding> {
  if (!state.exists()) {
    yield { what: 'state folder', state: 'ok', detail: `${state.path} is made at the first start` };
    return;
  }
  const loose = [
    state.path,
    state.sockets,
    state.secrets,
    ...files(state.sockets),
    ...files(state.secrets),
  ]
    .filter((path) => existsSync(path))
    .filter(
      (path) => (lstatSync(path).mode & 0o077) !== 0 || lstatSync(path).uid !== process.getuid?.(),
    );
  yield loose.length === 0
    ? { what: 'state folder', state: 'ok', detail: `${state.path}, for this user alone` }
    : {
        what: 'state folder',
        state: 'wrong',
        detail: `others may read ${loose.join(', ')}: chmod -R go= ${state.path}, and own it`,
      };
}

function files(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [];
}

/** Without a network the one clue is that time cannot be before this program was built. */
function clock(): Finding {
  const built = statSync(new URL(import.meta.url)).mtimeMs;
  return Date.now() + 60_000 >= built
    ? { what: 'clock', state: 'ok', detail: new Date().toISOString() }
    : {
        what: 'clock',
        state: 'wrong',
        detail: `${new Date().toISOString()} is before this program was built: set the clock (NTP)`,
      };
}

/** Asks each Workload API there is which identity it gives, and holds it against the configured one. */
async function* identities(
  config: MeshConfig,
  state: StateFolder,
  directory: AgentDirectory,
  running: RunningMesh | undefined,
): AsyncGenerator<Finding> {
  const own = config.spiffeEndpointSocket;
  const sockets = own
    ? [
        [
          'SPIFFE_ENDPOINT_SOCKET',
          own,
          directory.names().map((name) => directory.spiffeIdOf(name)),
        ] as const,
      ]
    : running
      ? directory
          .names()
          .map(
            (name) =>
              [
                name,
                `unix://${join(state.sockets, `${name}.sock`)}`,
                [directory.spiffeIdOf(name)],
              ] as const,
          )
      : [];
  if (sockets.length === 0) {
    yield {
      what: 'identity',
      state: 'skipped',
      detail: 'no mesh runs and SPIFFE_ENDPOINT_SOCKET is not set',
    };
  }
  for (const [name, address, expected] of sockets) yield identity(name, address, expected);
}

async function identity(
  name: string,
  address: string,
  expected: readonly SpiffeId[],
): Promise<Finding> {
  const what = `identity (${name})`;
  try {
    const source = await X509Source.create({
      address,
      signal: AbortSignal.timeout(WORKLOAD_API_MS),
    });
    try {
      const svid = source.getX509Svid();
      const now = Date.now();
      if (now < svid.notBefore.getTime() || now > svid.notAfter.getTime()) {
        return {
          what,
          state: 'wrong',
          detail: `its SVID is not valid now (${svid.notBefore.toISOString()} to ${svid.notAfter.toISOString()}): compare the clocks`,
        };
      }
      return expected.some((id) => id.equals(svid.id))
        ? {
            what,
            state: 'ok',
            detail: `${svid.id.toString()} until ${svid.notAfter.toISOString()}`,
          }
        : {
            what,
            state: 'wrong',
            detail: `the Workload API gives ${svid.id.toString()}, agent.yaml and MESH_TRUST_DOMAIN say ${expected.join(' or ')}`,
          };
    } finally {
      source.close();
    }
  } catch (error) {
    const why = error instanceof MeshError ? error.message : 'it did not answer in time';
    return {
      what,
      state: 'wrong',
      detail: `the Workload API at ${address} gives no identity: ${why}`,
    };
  }
}

function* documents(config: MeshConfig): Generator<Finding> {
  if (config.search !== 'documents') return;
  yield existsSync(config.documents) && statSync(config.documents).isDirectory()
    ? { what: 'documents', state: 'ok', detail: config.documents }
    : {
        what: 'documents',
        state: 'wrong',
        detail: `${config.documents} is no folder: set --documents or MESH_DOCUMENTS`,
      };
}
