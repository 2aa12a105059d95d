import { Loader } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link, useLocation } from 'wouter';
import { type Failure, failureFrom, FailureError } from '../api/failure.js';
import { FailureNotice } from '../shell/FailureNotice.js';
import { Page } from '../shell/Page.js';
import { isCsrfToken } from './csrf-token.js';
import { localPath } from './local-path.js';
import { useSession } from './Session.js';
import { SignInButton } from './SignInButton.js';

/** Where the gateway leads after sign-in: keeps what belongs to the session, and goes on. */
export function SignedInPage() {
  const session = useSession();
  const [, navigate] = useLocation();
  const [failure, setFailure] = useState<Failure>();
  // Once: what the fragment holds must not be there for the back button, a bookmark or a screenshot.
  const [{ csrf, to }] = useState(takeFragment);

  useEffect(() => {
    if (!isCsrfToken(csrf)) return navigate('/', { replace: true });
    session.adopt(csrf).then(
      () => navigate(to, { replace: true }),
      (error: unknown) => setFailure(explained(failureFrom(error), error)),
    );
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

let taken: { csrf: string | null; to: string } | undefined;

function takeFragment(): { csrf: string | null; to: string } {
  const members = new URLSearchParams(location.hash.slice(1));
  // React's strict mode asks twice.
  if (!members.has('csrf') && taken) return taken;
  taken = {
    csrf: members.get('csrf'),
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
  if (failure.code !== 'ERR_ACCESS_TOKEN_MISSING') return failure;
  return {
    ...failure,
    title: 'The session’s cookie did not come back',
    detail: 'Without cookies nobody can stay signed in.',
    advice: `Allow cookies for ${location.host}, then sign in again.`,
  };
}
