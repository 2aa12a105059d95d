import { useEffect } from 'react';
import { Page } from '../shell/Page.js';
import { useSession } from './Session.js';
import { SignInButton } from './SignInButton.js';

export function SignedOutPage() {
  const { state, reload } = useSession();
  // The issuer leads here also when the session was ended elsewhere.
  useEffect(reload, [reload]);
  return (
    <Page
      title="You are signed out"
      lead={
        state.status === 'signed-in'
          ? 'By the issuer; another session is still open in this browser.'
          : 'Your session has ended, and what ran for it was stopped.'
      }
    >
      <SignInButton to="/">Sign in again</SignInButton>
    </Page>
  );
}
