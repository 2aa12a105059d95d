import type { KoaContextWithOIDC } from 'oidc-provider';
import { allowFormTarget, logoutPage, signedOutPage } from './pages.js';

const END_SESSION_PATH = '/session/end';

/** What `oidc-provider` keeps of a request to sign out. */
interface LogoutState {
  readonly secret: string;
  readonly state?: string;
  readonly postLogoutRedirectUri?: string;
}

const logoutState = ({ oidc }: KoaContextWithOIDC) => oidc.session!.state as unknown as LogoutState;

/** The page between the gateway's request and the end of the session here: a link of anybody leads to it too. */
export function askToSignOut(context: KoaContextWithOIDC): void {
  const { secret, postLogoutRedirectUri } = logoutState(context);
  if (postLogoutRedirectUri !== undefined) allowFormTarget(context.res, postLogoutRedirectUri);
  context.type = 'html';
  context.body = logoutPage(context.oidc.session!.accountId!, secret);
}

/** Who is signed out already is led on at once: `oidc-provider` would do it by a page whose script submits a form. */
export function leadOnWhoIsSignedOut(context: KoaContextWithOIDC): void {
  const { path, status } = context;
  if (path !== END_SESSION_PATH || status !== 200) return;
  if (context.oidc.session!.accountId !== undefined) return;
  const { postLogoutRedirectUri, state } = logoutState(context);
  if (postLogoutRedirectUri === undefined) {
    context.body = signedOutPage();
    return;
  }
  const target = new URL(postLogoutRedirectUri);
  if (state !== undefined) target.searchParams.set('state', state);
  context.status = 303;
  context.redirect(target.href);
}
