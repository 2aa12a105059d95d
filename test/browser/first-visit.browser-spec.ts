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
});
