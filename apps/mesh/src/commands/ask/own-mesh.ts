import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hasCode } from '@mesh/errors';
import { apiOf, gatewayAt } from '../../state/running-mesh.js';
import { StateFolder } from '../../state/state-folder.js';
import { inheritTrust } from '../../state/trust-records.js';
import { startAllInOne } from '../../up/mesh.js';
import { checkDocuments } from '../check-documents.js';
import { settings, type Prepared } from '../prepare.js';
import { showProgress } from '../progress.js';
import type { AskedMesh, AskFlags } from './ask.js';

/** Starts a mesh for this one question, on any free ports; whatever else runs is left alone. */
export async function startOwnMesh(
  prepared: Prepared,
  flags: AskFlags,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<AskedMesh> {
  checkDocuments(prepared.config);
  say('Starting a mesh for this question…');
  const { release, ...own } = takeState(prepared, flags);
  const progress = showProgress();
  try {
    const mesh = await startAllInOne({
      ...prepared,
      ...own,
      anyPort: true,
      onProgress: progress.show,
      signal,
    });
    return {
      ...gatewayAt(mesh.agents.find(({ name }) => name === 'gateway')!.url, own.config),
      issuerUrl: mesh.issuerUrl,
      embeddedIssuer: mesh.embeddedIssuer,
      ...apiOf(own.config, prepared.directory),
      state: own.state,
      close: async () => {
        await mesh.close();
        release();
      },
    };
  } catch (error) {
    release();
    throw error;
  } finally {
    progress.end();
  }
}

type Own = Pick<Prepared, 'config' | 'state'> & { readonly release: () => void };

/**
 * The state folder, or where another process holds it a temporary one, which is removed afterwards. Keys are read from
 * the state folder in both cases.
 */
function takeState({ config, state, logger }: Prepared, flags: AskFlags): Own {
  try {
    return { config, state, release: state.lock('ask') };
  } catch (error) {
    if (!hasCode(error, 'ERR_STATE_LOCKED')) throw error;
  }
  const path = mkdtempSync(join(tmpdir(), 'mesh-ask-'));
  const remove = () => rmSync(path, { recursive: true, force: true });
  process.once('exit', remove);
  const temporary = new StateFolder(path);
  temporary.prepare();
  const release = () => {
    // ./mesh verify looks for what is trusted in the state folder.
    if (existsSync(temporary.trustFile)) inheritTrust(state, temporary, new Date(), logger);
    remove();
  };
  return { config: settings(flags, path), state: temporary, release };
}
