import type { AgentStateDto, HealthState, StatusDto } from '@mesh/contracts';
import IconCircleCheck from '@tabler/icons-react/icons/IconCircleCheck';
import IconCircleDashed from '@tabler/icons-react/icons/IconCircleDashed';
import IconCircleX from '@tabler/icons-react/icons/IconCircleX';
import IconProgressAlert from '@tabler/icons-react/icons/IconProgressAlert';
import { Identifier } from '../shell/Identifier.js';
import styles from './AgentCard.module.css';
import { SvidBar } from './SvidBar.js';

/** An agent as it lives. @param now By the gateway's clock, in milliseconds since the epoch. */
export function AgentCard({ agent, now }: { agent: AgentStateDto; now: number }) {
  const { name, spiffeId, status, code } = agent;
  return (
    <article className={styles.card} aria-labelledby={`agent-${name}`}>
      <header className={styles.head}>
        <h3 id={`agent-${name}`}>{name}</h3>
        <State state={status?.health.status ?? 'unknown'} />
      </header>
      <Identifier>{spiffeId}</Identifier>
      {status ? (
        <Living status={status} now={now} />
      ) : (
        <p className={styles.silent}>
          It tells nothing: <code>{code ?? 'no reason given'}</code>
        </p>
      )}
    </article>
  );
}

function Living({ status, now }: { status: StatusDto; now: number }) {
  const { health, breakers, serialNumber, startedAt } = status;
  const open = breakers.filter(({ state }) => state !== 'closed');
  return (
    <>
      <SvidBar status={status} now={now} />
      <dl className={styles.facts}>
        <dt>Serial number</dt>
        <dd className="identifier">{serialNumber}</dd>
        <dt>Runs since</dt>
        <dd>
          {new Date(startedAt).toLocaleString([], { dateStyle: 'short', timeStyle: 'short' })}
        </dd>
      </dl>
      <h4>Health</h4>
      <ul className={styles.checks}>
        {health.checks.map((check) => (
          <li key={check.name}>
            <State state={check.status} />
            <span>{check.name}</span>
            {check.reason && <span className={styles.reason}>{check.reason}</span>}
          </li>
        ))}
      </ul>
      <h4>Circuit breakers</h4>
      {breakers.length === 0 && <p className={styles.none}>It has called nobody yet.</p>}
      {breakers.length > 0 && open.length === 0 && (
        <p className={styles.none}>All closed: {breakers.map(({ name }) => name).join(', ')}.</p>
      )}
      {open.length > 0 && (
        <ul className={styles.checks}>
          {breakers.map(({ name, state, reason }) => (
            <li key={name}>
              <State state={state} />
              <span>{name}</span>
              {reason && <span className={styles.reason}>{reason}</span>}
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

const states = {
  up: { Icon: IconCircleCheck, tone: 'good' },
  closed: { Icon: IconCircleCheck, tone: 'good' },
  degraded: { Icon: IconProgressAlert, tone: 'fair' },
  'half-open': { Icon: IconProgressAlert, tone: 'fair' },
  down: { Icon: IconCircleX, tone: 'bad' },
  open: { Icon: IconCircleX, tone: 'bad' },
  unknown: { Icon: IconCircleDashed, tone: 'none' },
} as const;

function State({ state }: { state: keyof typeof states | HealthState }) {
  const { Icon, tone } = states[state];
  return (
    <span className={styles.state} data-tone={tone}>
      <Icon size={18} aria-hidden />
      {state}
    </span>
  );
}
