import type { Grant, KoaContextWithOIDC } from 'oidc-provider';
import { sampleAccount, type SampleAccount, type Scopes } from './sample-accounts.js';

/** Scopes of OpenID Connect itself. */
export const OIDC_SCOPES = ['openid', 'offline_access'] as const;

/** What was asked, split by what the account may. */
export interface AskedScopes {
  readonly account: SampleAccount;
  readonly granted: readonly string[];
  readonly withheld: readonly string[];
  readonly openid: readonly string[];
}

export function askedScopes(
  scope: unknown,
  accountId: string | undefined,
  scopes: Scopes,
): AskedScopes {
  const account = sampleAccount(accountId);
  if (account === undefined) throw new Error('Scopes are asked for without a person.');
  const asked = typeof scope === 'string' ? scope.split(' ') : [];
  const forApi = asked.filter((name) => scopes.has(name));
  return {
    account,
    granted: forApi.filter((name) => scopes.isFor(account, name)),
    withheld: forApi.filter((name) => !scopes.isFor(account, name)),
    openid: OIDC_SCOPES.filter((name) => asked.includes(name)),
  };
}

export function decide(
  grant: Grant,
  resource: string,
  { granted, withheld, openid }: AskedScopes,
): void {
  grant.addOIDCScope([...openid]);
  grant.addResourceScope(resource, [...granted]);
  grant.rejectResourceScope(resource, [...withheld]);
}

/** What the page that asks has just granted, or did earlier in this session. */
export async function existingGrant({ oidc }: KoaContextWithOIDC): Promise<Grant | undefined> {
  const id = oidc.result?.consent?.grantId ?? oidc.session!.grantIdFor(oidc.client!.clientId);
  return id === undefined ? undefined : oidc.provider.Grant.find(id);
}

/**
 * For the session's client: nobody is asked, since the person signs in to the mesh itself, and it gets what the account
 * may. One grant a session, so that a second sign-in does not end the first one's refresh tokens.
 */
export async function grantWithoutAsking(
  context: KoaContextWithOIDC,
  resource: string,
  scopes: Scopes,
): Promise<Grant> {
  const { oidc } = context;
  const asked = askedScopes(oidc.params!.scope, oidc.account!.accountId, scopes);
  const grant =
    (await existingGrant(context)) ??
    new oidc.provider.Grant({ accountId: asked.account.name, clientId: oidc.client!.clientId });
  decide(grant, resource, asked);
  await grant.save();
  return grant;
}
