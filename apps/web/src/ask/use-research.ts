import { useCallback, useEffect, useReducer, useRef } from 'react';
import { failureFrom } from '../api/failure.js';
import { research } from './research.js';
import { nextRun, type Question, type Run, type RunAction } from './run.js';

export interface ResearchControl {
  readonly run: Run | undefined;
  /** Does nothing while a question is under way. */
  readonly ask: (asked: Question) => void;
  /** Ends the request, and with it the model's call. */
  readonly cancel: () => void;
  /** Takes the answer off the page. */
  readonly clear: () => void;
}

/** @param clientId Client that answers are addressed to */
export function useResearch(clientId: string): ResearchControl {
  const [run, reduce] = useReducer(nextRun, undefined);
  const running = useRef<AbortController>(undefined);
  const dispatch = (action: RunAction) => reduce({ action, now: Date.now() });

  const ask = useCallback(
    (asked: Question) => {
      if (running.current) return;
      const controller = new AbortController();
      running.current = controller;
      const { signal } = controller;
      const correlationId = crypto.randomUUID();
      dispatch({ type: 'ask', asked, correlationId });
      void research({
        ...asked,
        clientId,
        correlationId,
        signal,
        onEvent: (event) => dispatch({ type: 'event', event }),
      })
        .then(
          (answer) => dispatch({ type: 'verified', ...answer }),
          (error: unknown) =>
            dispatch(
              signal.aborted
                ? { type: 'cancelled' }
                : { type: 'failed', failure: failureFrom(error, correlationId) },
            ),
        )
        .finally(() => {
          // What went wrong on the way must not go on behind the page.
          controller.abort();
          if (running.current === controller) running.current = undefined;
        });
    },
    [clientId],
  );

  useEffect(() => () => running.current?.abort(), []);

  return {
    run,
    ask,
    cancel: useCallback(() => running.current?.abort(), []),
    clear: useCallback(() => dispatch({ type: 'clear' }), []),
  };
}
