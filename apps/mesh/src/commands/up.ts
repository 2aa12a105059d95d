import { startSplit } from '../up/split.js';
import { startAllInOne } from '../up/mesh.js';
import { prepare, type Flags } from './prepare.js';
import { showProgress } from './progress.js';
import { untilStopped } from './until-stopped.js';

/** Starts the mesh and keeps it running until a signal. */
export async function up(flags: Flags & { readonly split?: true }): Promise<void> {
  const prepared = prepare(flags);
  const { config, state, logger } = prepared;
  const unlock = state.lock('up');
  const stop = new AbortController();
  const stopped = untilStopped(stop);
  try {
    const start = flags.split ? startSplit : startAllInOne;
    const mesh = await start({ ...prepared, onProgress: showProgress(), signal: stop.signal });
    const gateway = mesh.agents.find(({ name }) => name === 'gateway');
    state.announce({
      pid: process.pid,
      shape: flags.split ? 'split' : 'all in one',
      ...(gateway ? { gatewayUrl: gateway.url } : {}),
      documents: config.documents,
      agents: Object.fromEntries(
        mesh.agents.map(({ name, spiffeId, url, managementUrl }) => [
          name,
          { spiffeId, url, managementUrl },
        ]),
      ),
    });
    if (gateway) {
      logger.info({ event: 'mesh.ready', url: gateway.url }, 'the mesh is ready');
      process.stderr.write(
        `\nReady: ${gateway.url} (API at ${gateway.url}/docs, no sign-in yet: loopback alone)\n` +
          `Ask:   ./mesh ask "How does a workload get its SVID?"\nStop:  Ctrl-C\n\n`,
      );
    }
    await Promise.race([stopped, mesh.failed]);
    await mesh.close();
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    state.withdraw();
    unlock();
  }
}
