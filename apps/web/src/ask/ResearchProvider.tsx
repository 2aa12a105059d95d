import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useReducer,
  useRef,
} from 'react';
import { failureFrom } from '../api/failure.js';
import { personOf, useSession } from '../session/Session.js';
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

const ResearchContext = createContext<ResearchControl | undefined>(undefined);

export function useResearch(): ResearchControl {
  const control = useContext(ResearchContext);
  if (!control) throw new Error('Outside of ResearchProvider.');
  return control;
}

/** The question under way and its answer, whichever view is shown meanwhile. */
export function ResearchProvider({ children }: { children: ReactNode }) {
  const { state } = useSession();
  const me = state.status === 'signed-in' ? state.me : undefined;
  const person = me && personOf(me);
  const clientId = me?.clientId;
  const [run, reduce] = useReducer(nextRun, undefined);
  const running = useRef<AbortController>(undefined);
  const dispatch = useCallback(
    (action: RunAction) => reduce({ action, now: Date.now() }),
    [reduce],
  );

  const ask = useCallback(
    (asked: Question) => {
      if (running.current || clientId === undefined) return;
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
          running.current = undefined;
        });
    },
    [clientId, dispatch],
  );
  const cancel = useCallback(() => running.current?.abort(), []);
  const clear = useCallback(() => dispatch({ type: 'clear' }), [dispatch]);

  // What was asked ends with the session it was asked in, and another person sees nothing of it.
  useEffect(
    () => () => {
      cancel();
      clear();
    },
    [person, cancel, clear],
  );

  const control = useMemo(() => ({ run, ask, cancel, clear }), [run, ask, cancel, clear]);
  return <ResearchContext value={control}>{children}</ResearchContext>;
}
