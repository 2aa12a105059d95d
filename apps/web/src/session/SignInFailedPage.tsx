import { Link } from 'wouter';
import { FailureNotice } from '../shell/FailureNotice.js';
import { Page } from '../shell/Page.js';
import { signInFailure } from './sign-in-failure.js';
import { SignInButton } from './SignInButton.js';
import styles from './SignInFailedPage.module.css';

export function SignInFailedPage() {
  return (
    <Page title="Sign-in failed">
      <FailureNotice failure={signInFailure(location.search)} />
      <div className={styles.actions}>
        <SignInButton to="/">Sign in again</SignInButton>
        <Link href="/">Go to the start</Link>
      </div>
    </Page>
  );
}
