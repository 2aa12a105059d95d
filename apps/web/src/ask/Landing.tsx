import { Anchor } from '@mantine/core';
import { Link } from 'wouter';
import { SignInButton } from '../session/SignInButton.js';
import { Notice } from '../shell/Notice.js';
import { Page } from '../shell/Page.js';
import styles from './Landing.module.css';

/** Before somebody has signed in. @param ended Their session is over. */
export function Landing({ ended }: { ended: boolean }) {
  return (
    <Page title="Answers that prove where they come from">
      {ended && (
        <Notice tone="info" title="Your session has ended" role="status">
          Sign in again to go on. What you were asking is kept in this tab.
        </Notice>
      )}
      <ol className={styles.thread}>
        <li>
          <strong>You ask a question.</strong> Agents search and write on your behalf, and only as
          far as you may.
        </li>
        <li>
          <strong>Each agent signs its part:</strong> who it is, for whom it worked, from which
          sources.
        </li>
        <li>
          <strong>Your browser checks every signature</strong> before it shows you a word as an
          answer.
        </li>
      </ol>
      <div className={styles.actions}>
        <SignInButton size="md" to="/">
          {ended ? 'Sign in again' : 'Sign in'}
        </SignInButton>
        <Anchor component={Link} href="/verify">
          Verify an answer you were given
        </Anchor>
      </div>
    </Page>
  );
}
