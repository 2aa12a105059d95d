import { Loader } from '@mantine/core';
import type { AgentsDto } from '@mesh/contracts';
import { useEffect, useState } from 'react';
import { useSession } from '../session/Session.js';
import { SignInButton } from '../session/SignInButton.js';
import { FailureNotice } from '../shell/FailureNotice.js';
import { Notice } from '../shell/Notice.js';
import { Page } from '../shell/Page.js';
import { AgentCard } from './AgentCard.js';
import styles from './AgentsPage.module.css';
import { Calls } from './Calls.js';
import { Refusals } from './Refusals.js';
import { usePolling } from './use-polling.js';

const INTERVAL_MS = 2000;

export function AgentsPage() {
  const { state, reload } = useSession();
  switch (state.status) {
    case 'loading':
      return (
        <Page title="Agents">
          <Loader aria-label="Loading" />
        </Page>
      );
    case 'failed':
      return (
        <Page title="Agents">
          <FailureNotice failure={state.failure} onRetry={reload} />
        </Page>
      );
    case 'signed-out':
      return (
        <Page
          title="Agents"
          lead={
            state.ended
              ? 'Your session has ended. Sign in again to see the agents.'
              : 'Whoever looks after this mesh sees its agents here. Sign in first.'
          }
        >
          <SignInButton to="/agents" />
        </Page>
      );
    case 'signed-in':
      return state.me.admin ? <LiveAgents /> : <NotForYou account={state.me.account} />;
  }
}

function NotForYou({ account }: { account: string }) {
  return (
    <Page title="Agents">
      <Notice tone="info" title="This page is for admins">
        {account} does not have the role <code>admin</code>, so how the agents fare is not shown.
      </Notice>
    </Page>
  );
}

function LiveAgents() {
  const { data, failure, receivedAt, retry } = usePolling<AgentsDto>('/v1/agents', INTERVAL_MS);
  const now = useTicking();
  // Ages are told by the clock of the mesh, not by this computer's.
  const meshNow = data ? Date.parse(data.now) + Math.max(0, now - receivedAt) : now;
  return (
    <Page
      title="Agents"
      width="wide"
      lead="Live: each agent’s identity, how it fares, and whom it turned away."
    >
      {failure && (
        <div className={styles.failure}>
          <FailureNotice failure={failure} onRetry={retry} />
          {data && <p>What follows is from {new Date(receivedAt).toLocaleTimeString()}.</p>}
        </div>
      )}
      {!data && !failure && <Loader aria-label="Asking the agents" />}
      {data?.agents.length === 0 && <p>No agent has a file in this mesh.</p>}
      {data && data.agents.length > 0 && (
        <div className={styles.sections}>
          <section className={styles.cards} aria-label="Each agent">
            <h2 className="visually-hidden">Each agent</h2>
            {data.agents.map((agent) => (
              <AgentCard key={agent.name} agent={agent} now={meshNow} />
            ))}
          </section>
          <Calls agents={data.agents} edges={data.edges} />
          <Refusals agents={data.agents} />
        </div>
      )}
    </Page>
  );
}

/** Milliseconds since the epoch, twice a second. */
function useTicking(): number {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, []);
  return now;
}
