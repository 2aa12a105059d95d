import { expect, it } from '@jest/globals';
import { describeInBrowser } from './describe-in-browser.js';
import type { Visit } from './visit.js';

const QUESTION = 'How does a workload get its SVID?';

describeInBrowser('a session', (mesh) => {
  const heading = (visit: Visit) => visit.page.getByRole('heading', { level: 1 });
  const signInLink = (visit: Visit) => visit.page.getByRole('link', { name: /^Sign in/ }).first();

  it('begins with the right password alone', async () => {
    const visit = await mesh().visit();
    await visit.open('/');
    await signInLink(visit).click();
    visit.tolerateStatus(403);
    await visit.fillSignIn('analyst', 'wrong');
    await visit.alert.waitFor();
    await visit.fillSignIn('analyst');
    await visit.question.waitFor();
  });

  it('leads back to where it was asked for', async () => {
    const visit = await mesh().visit();
    await visit.open('/verify');
    await signInLink(visit).click();
    await visit.fillSignIn('analyst');
    await visit.page.getByRole('button', { name: 'Account: analyst' }).waitFor();
    expect(visit.page.url()).toBe(`${mesh().url}/verify`);
  });

  it('does not begin where the person declines, and says so', async () => {
    const visit = await mesh().visit();
    await visit.open('/');
    await signInLink(visit).click();
    await visit.page.getByRole('button', { name: 'Cancel' }).click();
    const alert = visit.alert;
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/ERR_SIGN_IN_REFUSED/);
    expect(await alert.innerText()).toMatch(/[0-9a-f]{8}-[0-9a-f-]{27}/);
    await signInLink(visit).click();
    await visit.fillSignIn('analyst');
    await visit.question.waitFor();
  });

  it('does not begin where the browser keeps no cookies, and says so', async () => {
    const visit = await mesh().visit();
    mesh().proxy.keepsCookies = false;
    await visit.open('/');
    await signInLink(visit).click();
    await visit.fillSignIn('analyst');
    const alert = visit.alert;
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/ERR_SIGN_IN_STATE/);
    expect(await alert.innerText()).toMatch(/cookies/i);
  });

  it('says that cookies are off before anybody signs in', async () => {
    const visit = await mesh().visit();
    await visit.context.addInitScript(
      "Object.defineProperty(Navigator.prototype, 'cookieEnabled', { get: () => false })",
    );
    await visit.open('/');
    await visit.page.getByText(/no cookies/i).waitFor();
    expect(await signInLink(visit).count()).toBe(0);
  });

  it('is not begun anew by the back button', async () => {
    const visit = await mesh().visitAs('analyst');
    await visit.ask(QUESTION);
    await visit.verdict.waitFor();
    visit.tolerateStatus(400, 403);
    await visit.page.goBack();
    await visit.page.waitForLoadState();
    // Whatever the browser shows, the session is the one it was.
    await visit.open('/');
    await visit.question.waitFor();
    await visit.ask(QUESTION);
    await visit.verdict.waitFor();
  });

  it('ends by signing out, for the back button and in other tabs too', async () => {
    const visit = await mesh().visitAs('analyst');
    const other = await visit.context.newPage();
    await other.goto(mesh().url);
    await other.getByRole('textbox', { name: 'Your question' }).waitFor();
    await visit.signOut();
    await other.getByRole('link', { name: 'Sign in' }).first().waitFor();
    visit.tolerateStatus(401);
    await visit.page.goBack();
    await visit.open('/');
    await signInLink(visit).waitFor();
    // The issuer's session has ended as well: it asks for the password again.
    await signInLink(visit).click();
    await visit.page.getByLabel('Password').waitFor();
  });

  it('opens nothing by its cookie after it was signed out', async () => {
    const visit = await mesh().visitAs('analyst');
    const cookies = await visit.context.cookies(mesh().url);
    const csrf = await visit.page.evaluate<string>("localStorage.getItem('mesh-csrf')");
    await visit.signOut();
    const response = await fetch(`${mesh().proxy.target}/v1/me`, {
      headers: {
        cookie: cookies.map(({ name, value }) => `${name}=${value}`).join('; '),
        'x-csrf-token': csrf,
      },
    });
    expect(response.status).toBe(401);
    expect(await response.json()).toMatchObject({ code: 'ERR_SESSION_ENDED' });
  });

  it('is another after another person has signed in, in every tab', async () => {
    const visit = await mesh().visitAs('analyst');
    const other = await visit.context.newPage();
    await other.goto(mesh().url);
    await other.getByRole('button', { name: 'Account: analyst' }).waitFor();
    await visit.signOut();
    await visit.signIn('reader');
    await other.getByRole('button', { name: /reader/ }).waitFor();
  });

  it('takes a question of 2000 characters, and none of a megabyte', async () => {
    const visit = await mesh().visitAs('analyst');
    await visit.question.fill('x'.repeat(1_000_000));
    expect(await visit.askButton.isEnabled()).toBe(false);
    await visit.page.getByText(/Of the 1000000 you gave, the first 4000 are kept/).waitFor();
    const sent = mesh().proxy.passed.filter(({ path }) => path === '/v1/research');
    for (const { body } of sent) expect(body.length).toBeLessThan(10_000);
    await visit.question.fill(`${QUESTION} ${'x'.repeat(2000 - QUESTION.length - 1)}`);
    await visit.askButton.click();
    await visit.verdict.waitFor();
  });

  it.each([-1, 1])(
    'proves an answer where the clock is off by %d hour, or says that it is the clock',
    async (hours) => {
      const visit = await mesh().visit();
      await visit.page.clock.install({ time: Date.now() + hours * 3_600_000 });
      await visit.signIn('analyst');
      await visit.ask(QUESTION);
      const outcome = visit.verdict.or(visit.alert);
      await outcome.first().waitFor();
      if ((await visit.verdict.count()) === 0) {
        expect(await visit.alert.innerText()).toMatch(/clock/i);
      }
    },
  );

  it('that the gateway no longer knows is told, and the question is kept', async () => {
    const visit = await mesh().visitAs('analyst');
    visit.tolerateStatus(401);
    await visit.question.fill(QUESTION);
    await mesh().restart();
    await visit.askButton.click();
    await signInLink(visit).waitFor();
    await visit.page
      .getByText(/session.*(ended|over)/i)
      .first()
      .waitFor();
    await signInLink(visit).click();
    await visit.fillSignIn('analyst');
    await visit.question.waitFor();
    expect(await visit.question.inputValue()).toBe(QUESTION);
  });

  it('is of no use where the mesh cannot be reached, which is told', async () => {
    const visit = await mesh().visitAs('analyst');
    visit.tolerate(/status of 502|ERR_EMPTY_RESPONSE|ERR_CONNECTION/);
    const { target } = mesh().proxy;
    mesh().proxy.target = undefined;
    await visit.ask(QUESTION);
    const alert = visit.alert;
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(/cannot be reached/);
    mesh().proxy.target = target;
    await visit.page
      .getByRole('button', { name: /try again|ask again/i })
      .first()
      .click();
    await visit.verdict.waitFor();
  });

  it('takes what an address says as what it is', async () => {
    const visit = await mesh().visit();
    visit.page.on('dialog', () => visit.problems.push('a dialog'));
    const script = encodeURIComponent('<img src=x onerror=alert(1)>');
    await visit.open(`/sign-in-failed?code=${script}&id=${script}`);
    await heading(visit).waitFor();
    expect(await visit.page.locator('main').innerText()).not.toContain('onerror');
    await visit.open(`/signed-in#csrf=${script}&to=javascript:alert(1)`);
    await heading(visit).waitFor();
    expect(await visit.page.locator('img').count()).toBe(0);
    expect(new URL(visit.page.url()).origin).toBe(mesh().url);
  });
});
