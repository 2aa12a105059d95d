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

/**
 * What a newcomer opens. A link of the embedded issuer signs in without a password, so it works once and not for long;
 * it is made when it is printed.
 */
export function openLine(publicUrl: string, welcome: (() => string) | undefined): string {
  return welcome === undefined
    ? publicUrl
    : `${welcome()} (signs you in as analyst, once and within 10 minutes; later open ${publicUrl})`;
}
