import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from '@jest/globals';
import type { Browser } from 'playwright-core';
import { RunningAgents } from '@test/kit/agents';
import { agentsUnderTest } from '../e2e/agents-under-test.js';
import { launchChromium } from './chromium.js';
import { describeWithChromium } from './describe-in-browser.js';
import { Visit } from './visit.js';

const QUESTION = 'How does a workload get its SVID?';

describeWithChromium('where the issuer is down', () => {
  let browser: Browser;
  let mesh: RunningAgents;

  beforeAll(async () => {
    browser = await launchChromium();
  });
  beforeEach(async () => {
    mesh = await RunningAgents.start(agentsUnderTest());
  });
  afterEach(() => mesh?.close());
  afterAll(() => browser?.close());

  const begin = () =>
    Visit.begin(
      {
        browser,
        url: mesh.browser().origin,
        issuerUrl: mesh.issuer!.url,
        passwordOf: (account) => mesh.passwordOf(account),
      },
      {},
    );

  it('from the start, who signs in is told', async () => {
    await mesh.issuer!.close();
    const visit = await begin();
    await visit.open('/');
    await visit.page.getByRole('link', { name: 'Sign in' }).click();
    await visit.alert.waitFor();
    const text = await visit.alert.innerText();
    expect(text).toContain('ERR_SIGN_IN_UNAVAILABLE');
    expect(text).toMatch(/[0-9a-f]{8}-[0-9a-f-]{27}/);
    expect(new URL(visit.page.url()).origin).toBe(visit.place.url);
    expect(visit.problems).toEqual([]);
  });

  it('later, who is signed in goes on, and can sign out', async () => {
    const visit = await begin();
    await visit.signIn('analyst');
    await visit.ask(QUESTION);
    await visit.verdict.waitFor();
    // From here on the agents have its keys, and the session a token that is good for minutes.
    await mesh.issuer!.close();
    await visit.askNext(QUESTION);
    await visit.verdict.waitFor();

    // The session here ends first; the issuer's page, where one would sign out there too, does not open.
    visit.tolerate(/ERR_CONNECTION_REFUSED/);
    await visit.account('analyst').click();
    await Promise.all([
      visit.page.waitForEvent('requestfailed'),
      visit.page.getByRole('menuitem', { name: 'Sign out' }).click(),
    ]);
    const other = await visit.context.newPage();
    await other.goto(visit.place.url);
    await other.getByRole('link', { name: 'Sign in' }).waitFor();
    expect(visit.problems).toEqual([]);
  });
});
