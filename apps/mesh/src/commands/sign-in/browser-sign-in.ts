import { once } from 'node:events';
import {
  allowInsecureRequests,
  AuthorizationResponseError,
  authorizationCodeGrant,
  buildAuthorizationUrl,
  calculatePKCECodeChallenge,
  type Configuration,
  customFetch,
  discovery,
  None,
  randomPKCECodeVerifier,
  randomState,
  ResponseBodyError,
} from 'openid-client';
import { printableLine } from '../../printable.js';
import { CommandError } from '../command.error.js';
import { LoopbackRedirect, type Redirected } from './loopback-redirect.js';

export interface BrowserSignInOptions {
  readonly clientId: string;
  readonly scope: string;
  readonly resource: string;
  readonly signal: AbortSignal;
  /** How long the person may take, in milliseconds. */
  readonly limitMs: number;
  readonly say: (line: string) => void;
}

/** How long the issuer may take to answer, in seconds. */
const ISSUER_SECONDS = 10;

/**
 * Signs a person in by the browser (RFC 8252): authorization code flow with PKCE, `state`, and `iss` where the issuer
 * announces it (RFC 9207). The person opens the printed address; no browser is started.
 *
 * @throws CommandError `ERR_SIGN_IN_REFUSED`, `ERR_SIGN_IN_FAILED`, `ERR_SIGN_IN_TIMEOUT`; the signal's reason
 */
export async function browserSignIn(
  issuerUrl: string,
  options: BrowserSignInOptions,
): Promise<string> {
  try {
    return await signedIn(await issuerAt(issuerUrl, options), options);
  } catch (error) {
    options.signal.throwIfAborted();
    throw failureOf(error);
  }
}

async function signedIn(
  configuration: Configuration,
  options: BrowserSignInOptions,
): Promise<string> {
  const { scope, resource } = options;
  const state = randomState();
  const verifier = randomPKCECodeVerifier();
  const redirect = await LoopbackRedirect.open(state);
  try {
    const { href } = buildAuthorizationUrl(configuration, {
      redirect_uri: redirect.url,
      scope,
      resource,
      state,
      code_challenge: await calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    });
    options.say(`Open this address in a browser on this machine to sign in:\n\n  ${href}\n`);
    const { url, answer } = await redirectOf(redirect.redirected, options);
    const checks = { pkceCodeVerifier: verifier, expectedState: state };
    try {
      const tokens = await authorizationCodeGrant(configuration, url, checks, { resource });
      await answer('Signed in', 'You can close this page and go back to the terminal.');
      return tokens.access_token;
    } catch (error) {
      await answer('Not signed in', 'Go back to the terminal: it says why.');
      throw error;
    }
  } finally {
    redirect.close();
  }
}

async function issuerAt(
  issuerUrl: string,
  { clientId, signal }: BrowserSignInOptions,
): Promise<Configuration> {
  const server = new URL(issuerUrl);
  try {
    return await discovery(server, clientId, { token_endpoint_auth_method: 'none' }, None(), {
      timeout: ISSUER_SECONDS,
      [customFetch]: (url, { signal: timeout, body, ...request }) =>
        fetch(url, {
          ...request,
          // Its type leaves open what the memory below a Uint8Array is.
          body: body as BodyInit,
          signal: AbortSignal.any([signal, ...(timeout ? [timeout] : [])]),
        }),
      // The configuration takes such an address on loopback alone.
      execute: server.protocol === 'http:' ? [allowInsecureRequests] : [],
    });
  } catch (error) {
    throw failed(`What is at ${issuerUrl} does not answer as an OpenID issuer does`, error);
  }
}

/** The redirect, or the reason why there will be none. */
async function redirectOf(
  redirected: Promise<Redirected>,
  { signal, limitMs }: BrowserSignInOptions,
): Promise<Redirected> {
  signal.throwIfAborted();
  const limit = AbortSignal.timeout(limitMs);
  const ended = once(AbortSignal.any([signal, limit]), 'abort').then(() => {
    signal.throwIfAborted();
    throw new CommandError(
      'ERR_SIGN_IN_TIMEOUT',
      `Nobody signed in within ${Math.ceil(limitMs / 1000)} seconds.`,
    );
  });
  return Promise.race([redirected, ended]);
}

function failureOf(error: unknown): CommandError {
  if (error instanceof CommandError) return error;
  if (error instanceof AuthorizationResponseError || error instanceof ResponseBodyError) {
    const description = error.error_description ?? '';
    const detail = description === '' ? '' : ` (${printableLine(description).slice(0, 200)})`;
    return new CommandError(
      'ERR_SIGN_IN_REFUSED',
      `The issuer refused the sign-in: ${printableLine(error.error).slice(0, 64)}${detail}.`,
    );
  }
  return failed("The issuer's answer to the sign-in does not hold", error);
}

/** Without its cause: that holds what the issuer sent, and the token may be in it. */
function failed(what: string, error: unknown): CommandError {
  return new CommandError('ERR_SIGN_IN_FAILED', `${what}${reasonOf(error)}.`);
}

/** The innermost code: ECONNREFUSED says more than that a fetch failed. */
function reasonOf(error: unknown): string {
  let code = '';
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') code = ` (${at.code})`;
  }
  return code;
}
