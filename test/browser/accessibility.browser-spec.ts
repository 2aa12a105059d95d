import { AxeBuilder } from '@axe-core/playwright';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { describeInBrowser } from './describe-in-browser.js';
import type { Visit } from './visit.js';

const QUESTION = 'How does a workload get its SVID?';
const WIDTHS = [360, 1600];
const SCHEMES = ['light', 'dark'] as const;

describeInBrowser('every view', (mesh) => {
  /** Sees the view at each width in each scheme. */
  async function examine(visit: Visit, view: string): Promise<void> {
    for (const width of WIDTHS) {
      await visit.page.setViewportSize({ width, height: 900 });
      for (const colorScheme of SCHEMES) {
        await visit.page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
        const where = `${view}, ${width} wide, ${colorScheme}`;
        expect([where, await serious(visit)]).toEqual([where, []]);
      }
      const wider = await visit.page.evaluate(
        'document.documentElement.scrollWidth - document.documentElement.clientWidth',
      );
      expect([view, width, 'scrolls sideways by', wider]).toEqual([
        view,
        width,
        'scrolls sideways by',
        0,
      ]);
    }
  }

  async function serious(visit: Visit): Promise<string[]> {
    const { violations, incomplete } = await new AxeBuilder({ page: visit.page })
      .setLegacyMode()
      .analyze();
    // Text in the very colour of its background counts as hidden, not as unreadable.
    const unseen = incomplete.filter(({ nodes }) =>
      nodes.some(({ any }) => any.some(({ data }) => data?.messageKey === 'equalRatio')),
    );
    return [...violations, ...unseen]
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
      );
  }

  it('of a person who has not signed in', async () => {
    const visit = await mesh().visit({ reducedMotion: 'reduce' });
    for (const path of [
      '/',
      '/verify',
      '/signed-out',
      '/agents',
      '/sign-in-failed?code=ERR_SIGN_IN_STATE&id=x',
      '/signed-in',
    ]) {
      await visit.open(path);
      await visit.page.getByRole('heading', { level: 1 }).waitFor();
      await examine(visit, path);
    }
    await visit.open('/');
    await visit.page
      .getByRole('link', { name: /^Sign in/ })
      .first()
      .click();
    await visit.page.getByLabel('Password').waitFor();
    await examine(visit, 'sign-in');
  });

  it('of a question and its answer, with the proof open', async () => {
    const visit = await mesh().visitAs('analyst', { reducedMotion: 'reduce' });
    await examine(visit, 'ask');
    await visit.page.getByRole('button', { name: 'Account: analyst' }).click();
    await visit.page.getByRole('menuitem', { name: 'Sign out' }).waitFor();
    await examine(visit, 'account');
    await visit.page.keyboard.press('Escape');
    await visit.ask(QUESTION);
    await visit.verdict.waitFor();
    await examine(visit, 'answer');
    await visit.proofNode('writer').click();
    await examine(visit, 'details of a statement');
  });

  it('of an answer that is refused', async () => {
    const visit = await mesh().visitAs('analyst', { reducedMotion: 'reduce' });
    mesh().proxy.change = ({ type, data }) =>
      type === 'done' ? data.replace('"answer":"', '"answer":"x') : data;
    await visit.ask(QUESTION);
    await visit.alert.waitFor();
    await examine(visit, 'refused');
  });

  it('of a file that is verified, and one that is not', async () => {
    const { stdout } = await mesh().sandbox.run(['ask', QUESTION, '--json']);
    const [good, bad] = ['good.json', 'bad.json'].map((name) => join(mesh().sandbox.folder, name));
    writeFileSync(good!, stdout);
    writeFileSync(bad!, '{}');
    const visit = await mesh().visit({ reducedMotion: 'reduce' });
    await visit.open('/verify');
    await visit.drop(bad!);
    await visit.alert.waitFor();
    await examine(visit, 'refused file');
    await visit.drop(good!);
    await visit.verdict.waitFor();
    await examine(visit, 'verified file');
  });

  it('of the agents', async () => {
    const visit = await mesh().visitAs('admin', { reducedMotion: 'reduce' });
    await visit.open('/agents');
    await visit.page.getByText('spiffe://mesh.local/ns/agents/sa/writer').first().waitFor();
    await examine(visit, 'agents');
  });

  it('can be used by the keyboard alone', async () => {
    const visit = await mesh().visit();
    await visit.open('/');
    const { keyboard } = visit.page;
    await visit.tabTo(/^Sign in$/);
    await keyboard.press('Enter');
    await visit.page.getByLabel('Account').waitFor();
    await visit.tabTo(/^Account$/);
    await keyboard.type('admin');
    await keyboard.press('Tab');
    await keyboard.type(mesh().passwordOf('admin'));
    await keyboard.press('Enter');
    await visit.question.waitFor();
    await visit.tabTo(/^Your question/);
    await keyboard.type(QUESTION);
    await visit.tabTo(/^Ask$/);
    await keyboard.press('Enter');
    await visit.verdict.waitFor();
    await visit.tabTo(/writer/);
    await keyboard.press('Enter');
    await visit.page
      .getByText(/serial/i)
      .first()
      .waitFor();
    await keyboard.press('Escape');
    await visit.tabTo(/^Agents$/);
    await keyboard.press('Enter');
    await visit.page.getByRole('heading', { level: 1, name: 'Agents' }).waitFor();
    await visit.tabTo(/admin/);
    await keyboard.press('Enter');
    // An open menu takes the focus when it is there to be seen.
    await visit.page
      .getByRole('menuitem', { name: 'Sign out' })
      .and(visit.page.locator(':focus'))
      .waitFor();
    await keyboard.press('Enter');
    await visit.page.waitForURL(`${mesh().issuerUrl}/**`);
    await visit.tabTo(/^Sign out$/);
    await keyboard.press('Enter');
    await visit.page.getByRole('heading', { level: 1, name: 'You are signed out' }).waitFor();
  });
});
