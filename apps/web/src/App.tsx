import { MantineProvider } from '@mantine/core';
import { Route, Switch } from 'wouter';
import { VerifyPage } from './verify/VerifyPage.js';

export function App() {
  return (
    <MantineProvider getStyleNonce={styleNonce} defaultColorScheme="auto">
      <main>
        <Switch>
          <Route path="/verify" component={VerifyPage} />
          <Route>Ask</Route>
        </Switch>
      </main>
    </MantineProvider>
  );
}

/** The response's own nonce, as the gateway put it there: an attribute would read as empty. */
function styleNonce(): string {
  return document.querySelector<HTMLMetaElement>('meta[property=csp-nonce]')?.nonce ?? '';
}
