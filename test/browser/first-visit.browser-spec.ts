import { expect, it } from '@jest/globals';
import { describeInBrowser } from './describe-in-browser.js';

describeInBrowser('a first visit', (mesh) => {
  it('says what this is, and offers to sign in', async () => {
    const visit = await mesh().visit();
    await visit.open('/');
    await visit.page
      .getByRole('link', { name: /^Sign in/ })
      .first()
      .waitFor();
    expect(await visit.page.title()).toMatch(/mesh/i);
  });

  it('wears the colours that somebody chooses, whatever the system says, and again the next time', async () => {
    const visit = await mesh().visit({ colorScheme: 'light' });
    await visit.open('/');
    const colours = () =>
      visit.page.evaluate(
        "['body', 'header'].map((name) => getComputedStyle(document.querySelector(name)).backgroundColor)",
      );
    const light = await colours();
    const change = visit.page.getByRole('button', { name: /^Colours/ });
    // From the system's to light, from light to dark.
    await change.click();
    expect(await colours()).toEqual(light);
    await change.click();
    const dark = (await colours()) as string[];
    for (const colour of dark) expect(light).not.toContain(colour);
    await visit.page.reload();
    await change.waitFor();
    expect(await colours()).toEqual(dark);
  });

  it('takes the focus along to the heading of each view', async () => {
    const visit = await mesh().visit();
    await visit.open('/');
    for (const view of ['Verify', 'Ask']) {
      await visit.page.getByRole('link', { name: view, exact: true }).click();
      await visit.page.locator('h1:focus').waitFor();
    }
  });
});
