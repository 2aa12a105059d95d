import { expect, it } from '@jest/globals';
import { describeInBrowser } from './describe-in-browser.js';
import type { Visit } from './visit.js';

/** Tries a route on the page; the first status that the page shows for it. */
async function tried(
  { page }: Visit,
  operation: string,
): Promise<{ status: string; body: string }> {
  const block = page.locator(`[id$="${operation}"]`);
  await block.locator('.opblock-summary').click();
  await block.getByRole('button', { name: 'Try it out' }).click();
  await block.getByRole('button', { name: 'Execute' }).click();
  const answer = block.locator('.live-responses-table .response').first();
  return {
    status: await answer.locator('.response-col_status').innerText(),
    body: await answer.locator('.response-col_description').innerText(),
  };
}

describeInBrowser('the page of the API', (mesh) => {
  it('is signed in where the browser is, for reading and for asking', async () => {
    const visit = await mesh().visitAs('analyst');
    await visit.open('/docs/');
    const me = await tried(visit, 'MeController_me');
    expect(me.status).toMatch(/^200\b/);
    expect(me.body).toContain('"account": "analyst"');
    const answer = await tried(visit, 'ResearchController_research');
    expect(answer.status).toMatch(/^200\b/);
    expect(answer.body).toContain('"statements"');
  });

  it('is open to anybody, who then gets what is public', async () => {
    const visit = await mesh().visit();
    visit.tolerateStatus(401);
    await visit.open('/docs/');
    expect((await tried(visit, 'TrustController_trust')).status).toMatch(/^200\b/);
    const me = await tried(visit, 'MeController_me');
    expect(me.status).toMatch(/^401\b/);
    expect(me.body).toContain('ERR_ACCESS_TOKEN_MISSING');
  });
});
