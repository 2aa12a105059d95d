import type { AgentDirectory } from '@mesh/agent';
import { SamplePasswords, signInAs } from '@mesh/issuer';
import type { StateFolder } from '../../state/state-folder.js';
import { CommandError } from '../command.error.js';
import { browserSignIn, type BrowserSignInOptions } from './browser-sign-in.js';

/** How long the embedded issuer may take, in milliseconds. */
const EMBEDDED_MS = 10_000;
/** How long a person may take in the browser, in milliseconds. */
const BROWSER_MS = 300_000;

/** Where people of a mesh sign in. */
export interface MeshIssuer {
  readonly issuerUrl: string;
  readonly embeddedIssuer: boolean;
  /** What its access tokens have to be for. */
  readonly apiAudience: string;
  /** What they can be good for. */
  readonly apiScopes: readonly string[];
  /** Holds the passwords of the embedded issuer's accounts. */
  readonly state: StateFolder;
}

export interface SignInOptions {
  /** Sample account of the embedded issuer. Default `analyst` there. */
  readonly as: string | undefined;
  readonly clientId: string;
  /** Separated by spaces; the token may hold fewer. */
  readonly scope: string;
  readonly signal: AbortSignal;
  /** Tells the person what to do. */
  readonly say: (line: string) => void;
}

/**
 * A person's access token: of a sample account where the issuer is the embedded one, else by the person's browser. It
 * is kept in memory alone.
 *
 * @throws CommandError, IssuerError, SignInError; the signal's reason
 */
export async function signIn(issuer: MeshIssuer, options: SignInOptions): Promise<string> {
  const { as, ...asked } = options;
  const request = { ...asked, resource: issuer.apiAudience };
  if (issuer.embeddedIssuer) return embeddedSignIn(issuer, as ?? 'analyst', request);
  assertNoAccount(as, issuer.issuerUrl);
  return browserSignIn(issuer.issuerUrl, { ...request, limitMs: BROWSER_MS });
}

async function embeddedSignIn(
  { issuerUrl, state }: MeshIssuer,
  account: string,
  { signal, ...request }: Omit<BrowserSignInOptions, 'limitMs'>,
): Promise<string> {
  const passwords = await SamplePasswords.open(state.passwordsFile);
  const limit = AbortSignal.timeout(EMBEDDED_MS);
  try {
    const { accessToken } = await signInAs(issuerUrl, account, passwords.of(account), {
      ...request,
      signal: AbortSignal.any([signal, limit]),
    });
    return accessToken;
  } catch (error) {
    if (error !== limit.reason || signal.aborted) throw error;
    throw new CommandError(
      'ERR_SIGN_IN_TIMEOUT',
      `The embedded issuer at ${issuerUrl} did not answer within ${EMBEDDED_MS / 1000} seconds.`,
    );
  }
}

/** @throws CommandError `ERR_ACCOUNT_ELSEWHERE` for a sample account at another issuer than the embedded one. */
export function assertNoAccount(as: string | undefined, issuerUrl: string): void {
  if (as === undefined) return;
  throw new CommandError(
    'ERR_ACCOUNT_ELSEWHERE',
    `--as ${as} names an account of the embedded issuer, but people of this mesh sign in at ${issuerUrl}: leave it out and sign in by the browser.`,
  );
}

/** Whose tokens the gateway takes: the first of its `apiClients` is the command line. @throws CommandError */
export function apiClientOf(directory: AgentDirectory): string {
  const [clientId] = directory.get('gateway').apiClients;
  if (clientId !== undefined) return clientId;
  throw new CommandError(
    'ERR_SIGN_IN_FAILED',
    "The gateway's agent.yaml names no client under apiClients: it takes nobody's token.",
  );
}
