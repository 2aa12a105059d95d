import { readdirSync } from 'node:fs';
import type { MeshConfig } from '@mesh/agent';
import { CommandError } from './command.error.js';

/**
 * Refuses a folder of documents that cannot be searched before anything is started, by the name it was given.
 * @throws CommandError
 */
export function checkDocuments(config: MeshConfig): void {
  if (config.search !== 'documents') return;
  try {
    readdirSync(config.documents);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const folder = `The folder of documents ${config.documents}`;
    switch (code) {
      case 'ENOENT':
        throw new CommandError('ERR_DOCUMENTS_NOT_FOUND', `${folder} does not exist.`, { cause });
      case 'ENOTDIR':
        throw new CommandError('ERR_DOCUMENTS_NOT_A_FOLDER', `${folder} is no folder.`, { cause });
      default:
        throw new CommandError('ERR_DOCUMENTS_UNREADABLE', `${folder} cannot be read (${code}).`, {
          cause,
        });
    }
  }
}
