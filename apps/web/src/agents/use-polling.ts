import { useCallback, useEffect, useRef, useState } from 'react';
import { requestJson } from '../api/client.js';
import { type Failure, failureFrom } from '../api/failure.js';

export interface Polled<T> {
  readonly data: T | undefined;
  /** Of the last try; the data is older then. */
  readonly failure: Failure | undefined;
  /** When the data came, in milliseconds since the epoch. */
  readonly receivedAt: number;
  /** Tries again at once. */
  readonly retry: () => void;
}

/** Reads `path` again and again, `interval` milliseconds after each answer, while the page is seen; not after a 403. */
export function usePolling<T>(path: string, interval: number): Polled<T> {
  const [state, setState] = useState<Omit<Polled<T>, 'retry'>>({
    data: undefined,
    failure: undefined,
    receivedAt: 0,
  });
  const poll = useRef(() => undefined as void);

  useEffect(() => {
    let controller: AbortController | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let refused = false;
    const next = async () => {
      clearTimeout(timer);
      controller?.abort();
      const { signal } = (controller = new AbortController());
      let wait = interval;
      try {
        // Whoever left the page open does not stay signed in for it.
        const data = await requestJson<T>(path, { signal, headers: { 'x-unattended': '1' } });
        setState({ data, failure: undefined, receivedAt: Date.now() });
      } catch (error) {
        if (signal.aborted) return;
        const failure = failureFrom(error);
        refused = failure.status === 403;
        if (failure.retryAt) wait = Math.max(wait, failure.retryAt - Date.now());
        setState((last) => ({ ...last, failure }));
      }
      if (!refused && !document.hidden) timer = setTimeout(() => void next(), wait);
    };
    const stop = () => {
      clearTimeout(timer);
      controller?.abort();
    };
    const onVisibility = () => {
      stop();
      if (!document.hidden && !refused) void next();
    };
    document.addEventListener('visibilitychange', onVisibility);
    poll.current = () => void next();
    void next();
    return () => {
      document.removeEventListener('visibilitychange', onVisibility);
      stop();
    };
  }, [path, interval]);

  return { ...state, retry: useCallback(() => poll.current(), []) };
}
