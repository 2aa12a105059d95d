import { Loader } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { type Failure, failureFrom, FailureError } from '../api/failure.js';
import { FailureNotice } from '../shell/FailureNotice.js';
import { Page } from '../shell/Page.js';
import { isCsrfToken } from './csrf-token.js';
import { localPath } from './local-path.js';
import { beginSignIn, takeOwnSecret } from './own-sign-in.js';
import { useSession } from './Session.js';
import { SignInButton } from './SignInButton.js';

/** Where the gateway leads after sign-in: keeps what belongs to the session, and goes on. */
export function SignedInPage() {
  const session = useSession();
  const [, navigate] = useLocation();
  const [failure, setFailure] = useState<Failure>();
  // Once: what the fragment holds must not be there for the back button, a bookmark or a screenshot.
  const [{ csrf, own, to }] = useState(takeFragment);

  useEffect(() => {
    if (!isCsrfToken(csrf)) return navigate('/', { replace: true });
    const fail = (error: unknown) => setFailure(explained(failureFrom(error), error));
    if (own === undefined) {
      // By a link, or by somebody else: what this tab begins itself is of the person who sits here.
      beginSignIn(to, (address) => location.replace(address)).catch(fail);
      return;
    }
    session.adopt(`${csrf}.${own}`).then(() => navigate(to, { replace: true }), fail);
    // Once: what follows changes the session.
  }, []);

  return (
    <Page title={failure ? 'You are not signed in' : 'Signing you in'}>
      {failure ? (
        <>
          <FailureNotice failure={failure} />
          <p>
            <SignInButton to={to}>Sign in again</SignInButton>
          </p>
          <Link href="/">Go to the start</Link>
        </>
      ) : (
        <Loader aria-label="Signing in" />
      )}
    </Page>
  );
}

interface Taken {
  /** What the gateway handed over. */
  readonly csrf: string | null;
  /** What this tab kept where it began the sign-in. */
  readonly own: string | undefined;
  readonly to: string;
}

let taken: Taken | undefined;

function takeFragment(): Taken {
  const members = new URLSearchParams(location.hash.slice(1));
  // React's strict mode asks twice.
  if (!members.has('csrf') && taken) return taken;
  taken = {
    csrf: members.get('csrf'),
    own: takeOwnSecret(),
    to: localPath(members.get('to'), location.origin) ?? '/',
  };
  history.replaceState(history.state, '', location.pathname);
  return taken;
}

function explained(failure: Failure, error: unknown): Failure {
  if (!(error instanceof FailureError)) {
    return {
      code: 'STORAGE_OFF',
      status: 0,
      title: 'This browser keeps nothing for this page',
      advice: `Allow cookies and site data for ${location.host}, then sign in again.`,
    };
  }
  if (failure.code === 'ERR_CSRF_TOKEN') {
    return {
      ...failure,
      title: 'This sign-in was not begun here',
      detail: 'It may be somebody else’s, so nothing was taken from it.',
      advice: 'Sign in from here.',
    };
  }
  if (failure.code !== 'ERR_ACCESS_TOKEN_MISSING') return failure;
  return {
    ...failure,
    title: 'The session’s cookie did not come back',
    detail: 'Without cookies nobody can stay signed in.',
    advice: `Allow cookies for ${location.host}, then sign in again.`,
  };
}
