import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from 'react';
import { onSessionEnd, requestJson } from '../api/client.js';
import { type Failure, failureFrom } from '../api/failure.js';
import type { MeDto } from '@mesh/contracts';
import { CSRF_KEY, csrfToken, forgetCsrfToken, keepCsrfToken } from './csrf-token.js';
import { forgetDraft } from './draft.js';
import { signOutTarget } from './local-path.js';

export type SessionState =
  | { readonly status: 'loading' }
  /** `ended`: there was a session, and it did not end here. */
  | { readonly status: 'signed-out'; readonly ended?: boolean }
  | { readonly status: 'signed-in'; readonly me: MeDto }
  | { readonly status: 'failed'; readonly failure: Failure };

export interface Session {
  readonly state: SessionState;
  /** Asks the gateway again who is signed in. */
  readonly reload: () => void;
  /**
   * Takes what the gateway handed over at sign-in, once it proves to open the session of this browser: a link of
   * somebody else's must not replace it.
   * @throws FailureError if it does not; DOMException where the browser keeps no storage
   */
  readonly adopt: (csrf: string) => Promise<void>;
  /** Ends the session; resolves with the address to go on to. @throws FailureError */
  readonly signOut: () => Promise<string>;
}

/** By which one person is told from another. */
export function personOf({ issuer, account }: MeDto): string {
  return `${issuer} ${account}`;
}

const SessionContext = createContext<Session | undefined>(undefined);

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error('Outside of SessionProvider.');
  return session;
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [state, setState] = useState<SessionState>({ status: 'loading' });
  const latest = useRef(0);

  const reload = useCallback(() => {
    const turn = ++latest.current;
    const settle = (next: SessionState) => turn === latest.current && setState(next);
    // Without it no request can be of a session: nothing to ask for.
    if (!csrfToken()) return settle({ status: 'signed-out' });
    requestJson<MeDto>('/v1/me').then(
      (me) => settle({ status: 'signed-in', me }),
      (error: unknown) => csrfToken() && settle({ status: 'failed', failure: failureFrom(error) }),
    );
  }, []);

  useEffect(() => {
    const off = onSessionEnd((token, code) => {
      if (csrfToken() !== token) return;
      forgetCsrfToken(token);
      latest.current++;
      setState({ status: 'signed-out', ended: code === 'ERR_SESSION_ENDED' });
    });
    // Another tab signed in or out.
    const onStorage = ({ key }: StorageEvent) => {
      if (key === CSRF_KEY || key === null) reload();
    };
    // The back button brings a page back as it was left.
    const onShow = ({ persisted }: PageTransitionEvent) => {
      if (persisted) reload();
    };
    addEventListener('storage', onStorage);
    addEventListener('pageshow', onShow);
    reload();
    return () => {
      off();
      removeEventListener('storage', onStorage);
      removeEventListener('pageshow', onShow);
    };
  }, [reload]);

  const session = useMemo<Session>(
    () => ({
      state,
      reload,
      adopt: async (csrf) => {
        const me = await requestJson<MeDto>('/v1/me', { csrf });
        keepCsrfToken(csrf);
        latest.current++;
        setState({ status: 'signed-in', me });
      },
      signOut: async () => {
        const token = csrfToken();
        const { location: target } = await requestJson<{ location: unknown }>('/sign-out', {
          method: 'POST',
        }).catch((error: unknown) => {
          // It had ended already, which is what was asked for.
          if (token && csrfToken() !== token) return { location: undefined };
          throw error;
        });
        if (token) forgetCsrfToken(token);
        forgetDraft();
        const issuer = state.status === 'signed-in' ? state.me.issuer : '';
        return signOutTarget(target, { origin: location.origin, issuer }) ?? '/signed-out';
      },
    }),
    [state, reload],
  );

  return <SessionContext value={session}>{children}</SessionContext>;
}
