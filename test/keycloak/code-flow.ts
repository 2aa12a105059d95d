import { createHash, randomBytes } from 'node:crypto';
import { KeycloakBrowser } from './keycloak-browser.js';
import type { Keycloak } from './keycloak.js';

const REDIRECT_URI = 'http://127.0.0.1:1/callback';

/** What the token endpoint gives the command line for a person who consented. */
export async function tokensOf(
  keycloak: Keycloak,
  account: string,
  scope: string,
): Promise<{ access_token: string; scope: string }> {
  const verifier = randomBytes(32).toString('base64url');
  const client = { client_id: 'mesh-cli', redirect_uri: REDIRECT_URI };
  const query = new URLSearchParams({
    ...client,
    response_type: 'code',
    scope,
    state: 'state',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
  });
  const browser = new KeycloakBrowser(new URL(REDIRECT_URI).origin, (name) =>
    keycloak.passwordOf(name),
  );
  const address = `${keycloak.issuer}/protocol/openid-connect/auth?${query.toString()}`;
  const back = new URL(await browser.throughIssuer(address, account));
  const code = back.searchParams.get('code');
  if (code === null) throw new Error(`no code: ${back.search}`);
  const response = await tokenRequest(keycloak, {
    ...client,
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  return (await response.json()) as { access_token: string; scope: string };
}

export function tokenRequest(keycloak: Keycloak, form: Record<string, string>): Promise<Response> {
  return fetch(`${keycloak.issuer}/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams(form),
  });
}
