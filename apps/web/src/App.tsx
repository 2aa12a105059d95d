import { Loader, MantineProvider } from '@mantine/core';
import { lazy, Suspense } from 'react';
import { Route, Switch } from 'wouter';
import { AskPage } from './ask/AskPage.js';
import { ResearchProvider } from './ask/ResearchProvider.js';
import { SessionProvider } from './session/Session.js';
import { SignedInPage } from './session/SignedInPage.js';
import { SignedOutPage } from './session/SignedOutPage.js';
import { SignInFailedPage } from './session/SignInFailedPage.js';
import { Crash } from './shell/Crash.js';
import { NotFoundPage } from './shell/NotFoundPage.js';
import { Shell } from './shell/Shell.js';
import { cssVariables, theme } from './theme.js';

const VerifyPage = lazy(() =>
  import('./verify/VerifyPage.js').then(({ VerifyPage }) => ({ default: VerifyPage })),
);
const AgentsPage = lazy(() =>
  import('./agents/AgentsPage.js').then(({ AgentsPage }) => ({ default: AgentsPage })),
);

export function App() {
  return (
    <MantineProvider
      theme={theme}
      cssVariablesResolver={cssVariables}
      getStyleNonce={styleNonce}
      defaultColorScheme="auto"
    >
      <SessionProvider>
        <ResearchProvider>
          <Shell>
            <Crash>
              <Suspense fallback={<Loader aria-label="Loading" m="xl" />}>
                <Switch>
                  <Route path="/" component={AskPage} />
                  <Route path="/verify" component={VerifyPage} />
                  <Route path="/agents" component={AgentsPage} />
                  <Route path="/signed-in" component={SignedInPage} />
                  <Route path="/signed-out" component={SignedOutPage} />
                  <Route path="/sign-in-failed" component={SignInFailedPage} />
                  <Route component={NotFoundPage} />
                </Switch>
              </Suspense>
            </Crash>
          </Shell>
        </ResearchProvider>
      </SessionProvider>
    </MantineProvider>
  );
}

/** The response's own nonce, as the gateway put it there: the attribute reads as empty. */
function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? '';
}
