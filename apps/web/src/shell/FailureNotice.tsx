import { Anchor, Button, Group, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Failure } from '../api/failure.js';
import styles from './FailureNotice.module.css';
import { Notice } from './Notice.js';

interface Props {
  failure: Failure;
  /** Offered where a new try makes sense; not before the time that the mesh named. */
  onRetry?: (() => void) | undefined;
  retryLabel?: string;
}

/** What failed, why, what to do, and how to find it in the logs. */
export function FailureNotice({ failure, onRetry, retryLabel = 'Try again' }: Props) {
  const { title, detail, advice, code, correlationId } = failure;
  const seconds = useSecondsUntil(failure.retryAt);
  return (
    <Notice tone="refused" title={title} role="alert">
      {detail && detail !== title && <Text>{detail}</Text>}
      {advice && <Text>{advice}</Text>}
      <dl className={styles.facts}>
        <dt>Code</dt>
        <dd className="identifier">
          {code.startsWith('ERR_') ? (
            <Anchor href={`/errors#${code.toLowerCase()}`} inherit>
              {code}
            </Anchor>
          ) : (
            code
          )}
        </dd>
        {correlationId && (
          <>
            <dt>Correlation ID</dt>
            <dd className="identifier">{correlationId}</dd>
          </>
        )}
      </dl>
      {onRetry && (
        <Group mt="sm">
          <Button variant="default" onClick={onRetry} disabled={seconds > 0}>
            {seconds > 0 ? `${retryLabel} in ${seconds} s` : retryLabel}
          </Button>
        </Group>
      )}
    </Notice>
  );
}

function useSecondsUntil(time: number | undefined): number {
  const [now, setNow] = useState(Date.now);
  const seconds = time === undefined ? 0 : Math.max(0, Math.ceil((time - now) / 1000));
  const waiting = seconds > 0;
  useEffect(() => {
    if (!waiting) return;
    const timer = setInterval(() => setNow(Date.now()), 500);
    return () => clearInterval(timer);
  }, [waiting]);
  return seconds;
}
