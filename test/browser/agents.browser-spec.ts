import { expect, it } from '@jest/globals';
import { describeInBrowser } from './describe-in-browser.js';
import { MeshInBrowser } from './mesh-in-browser.js';

const AGENTS = ['gateway', 'tts', 'researcher', 'writer'];
/** So short that a test sees a rotation. */
const SVID_TTL_SECONDS = 10;

describeInBrowser(
  'the agents',
  (mesh) => {
    it('are shown to an admin as they live: identity, rotation, health, who may call whom', async () => {
      const visit = await mesh().visitAs('admin');
      await visit.page.getByRole('link', { name: 'Agents' }).click();
      await visit.page.getByRole('heading', { level: 1, name: 'Agents' }).waitFor();
      const main = visit.page.locator('main');
      for (const agent of AGENTS) {
        await main.getByText(`spiffe://mesh.local/ns/agents/sa/${agent}`).first().waitFor();
      }
      const text = await main.innerText();
      expect(text).toMatch(/rotat/i);
      expect(text).toMatch(/\bup\b/i);
      expect(text).toMatch(/draft:write/);
      expect(text).toMatch(/breaker/i);
      // Seen rotating, without a reload.
      const serials = new Set<string>();
      while (serials.size < 2)
        serials.add((await main.innerText()).match(/serial\D*([0-9a-f:]+)/i)![1]!);
    });

    it('show their last refused calls by reason, without who it was', async () => {
      const refused = await fetch(`${mesh().proxy.target}/v1/me`);
      expect(refused.status).toBe(401);
      const visit = await mesh().visitAs('admin');
      await visit.open('/agents');
      await visit.page.getByText('ERR_ACCESS_TOKEN_MISSING').first().waitFor();
      const text = await visit.page.locator('main').innerText();
      expect(text).toContain(refused.headers.get('x-correlation-id')!);
    });

    it.each(['analyst', 'reader'])('are not for %s', async (account) => {
      const visit = await mesh().visitAs(account);
      expect(await visit.page.getByRole('link', { name: 'Agents' }).count()).toBe(0);
      visit.tolerateStatus(403);
      await visit.open('/agents');
      await visit.page.getByText(/admin/i).first().waitFor();
      expect(await visit.page.locator('main').innerText()).not.toContain('spiffe://');
    });

    it('are not for somebody who has not signed in', async () => {
      const visit = await mesh().visit();
      visit.tolerateStatus(401);
      await visit.open('/agents');
      await visit.page
        .getByRole('link', { name: /^Sign in/ })
        .first()
        .waitFor();
      expect(await visit.page.locator('main').innerText()).not.toContain('spiffe://');
    });
  },
  () => MeshInBrowser.start({ MESH_SVID_TTL: String(SVID_TTL_SECONDS) }),
);
