import { SAMPLE_ACCOUNTS } from '@mesh/issuer';
import type { StateFolder } from '../state/state-folder.js';
import type { RunningAgents } from '../up/mesh.js';

/** Where people sign in, and as whom. Never the passwords themselves: a terminal's scrollback is read by others. */
export function signInLine(
  { issuerUrl, embeddedIssuer }: Pick<RunningAgents, 'issuerUrl' | 'embeddedIssuer'>,
  { passwordsFile }: StateFolder,
): string {
  return embeddedIssuer
    ? `${issuerUrl}, accounts ${SAMPLE_ACCOUNTS.join(', ')}; passwords in ${passwordsFile}`
    : issuerUrl;
}
