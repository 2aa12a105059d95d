import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { GeminiSimulator, type GeminiCall } from '../simulators/gemini.js';
import { describeInBrowser } from './describe-in-browser.js';
import { MeshInBrowser } from './mesh-in-browser.js';

const QUESTION = 'How does a workload get its SVID?';
/** What the simulator writes before it stops, and what is passed on of it: whole words, once a source is cited. */
const BEGUN = 'The first words [1]';
const WRITTEN = `ANSWERED: yes\n\n${BEGUN} and`;

let gemini: GeminiSimulator;

/** Resolves with the call of this test that its client has left; one of an earlier test may end late. */
const abandoned = () =>
  new Promise<GeminiCall>((resolve) => {
    gemini.onAbort = (call) => gemini.calls.includes(call) && resolve(call);
  });

describeInBrowser(
  'an answer that is being written',
  (mesh) => {
    beforeEach(() => {
      gemini.calls.length = 0;
      gemini.onAbort = () => undefined;
    });
    afterAll(() => gemini?.close());

    /** Asks, and returns once the first words stand there. */
    async function begun() {
      const visit = await mesh().visitAs('analyst');
      gemini.failNext({ kind: 'hang-in-body', text: WRITTEN });
      await visit.ask(QUESTION);
      await visit.page.getByText(BEGUN).waitFor();
      return visit;
    }

    it('says who is at work, that nothing is verified, and gives nothing to copy', async () => {
      const visit = await begun();
      const main = await visit.page.locator('main').innerText();
      expect(main).toContain('spiffe://mesh.local/ns/agents/sa/researcher');
      expect(main).toContain('spiffe://mesh.local/ns/agents/sa/writer');
      expect(main).toMatch(/not verified/i);
      expect(await visit.verdict.count()).toBe(0);
      expect(await visit.button('Copy').count()).toBe(0);
      expect(await visit.button('Signed JSON').count()).toBe(0);
      // Nor by selecting all.
      await visit.page.getByText(BEGUN).click();
      await visit.page.keyboard.press('Control+A');
      await visit.page.keyboard.press('Control+C');
      expect(await visit.page.evaluate('getSelection().toString()')).not.toContain(BEGUN);
      expect(await visit.clipboard()).not.toContain(BEGUN);
      await visit.cancelButton.click();
    });

    it('ends with the call of the model where it is cancelled, and nothing of it stays', async () => {
      const visit = await begun();
      const left = abandoned();
      await visit.cancelButton.click();
      expect((await left).path).toMatch(/streamGenerateContent/);
      await visit.askButton.waitFor();
      expect(await visit.page.getByText(BEGUN).count()).toBe(0);
    });

    it.each<[string, (visit: Awaited<ReturnType<typeof begun>>) => Promise<unknown>]>([
      ['closes the tab', (visit) => visit.page.close()],
      ['reloads', (visit) => visit.page.reload()],
      ['goes elsewhere', (visit) => visit.open('/verify')],
    ])('ends with the call of the model where the person %s', async (_, leave) => {
      const visit = await begun();
      const left = abandoned();
      await leave(visit);
      expect((await left).path).toMatch(/streamGenerateContent/);
    });

    it('can be asked again after a reload: the question is still there', async () => {
      const visit = await begun();
      await visit.page.reload();
      await visit.question.waitFor();
      expect(await visit.page.getByText(BEGUN).count()).toBe(0);
      expect(await visit.question.inputValue()).toBe(QUESTION);
      await visit.askButton.click();
      await visit.verdict.waitFor();
    });

    it('ends where its session does, in every tab', async () => {
      const visit = await begun();
      const left = abandoned();
      visit.tolerateStatus(401);
      const other = await visit.context.newPage();
      await other.goto(mesh().url);
      await other.getByRole('button', { name: 'Account: analyst' }).click();
      await other.getByRole('menuitem', { name: 'Sign out' }).click();
      await left;
      await visit.page
        .getByRole('link', { name: /^Sign in/ })
        .first()
        .waitFor();
      expect(await visit.page.getByText(BEGUN).count()).toBe(0);
    });

    it('fails in words, with the correlation ID of all logs, where the model does', async () => {
      const visit = await mesh().visitAs('analyst');
      visit.tolerateStatus(502, 503);
      gemini.failNext({ kind: 'prompt-blocked' });
      await visit.ask(QUESTION);
      const alert = visit.alert;
      await alert.waitFor();
      const text = await alert.innerText();
      expect(text).toMatch(/ERR_LLM_\w+|ERR_\w+/);
      const [id] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(text)!;
      const agents = mesh().log.filter(({ correlation_id }) => correlation_id === id);
      expect(new Set(agents.map(({ agent }) => agent))).toEqual(
        new Set(['gateway', 'tts', 'researcher', 'writer']),
      );
      expect(text).not.toContain('provider-text-marker');
    });

    it('is sent once, however often one clicks', async () => {
      const visit = await mesh().visitAs('analyst');
      await visit.question.fill(QUESTION);
      await visit.askButton.dblclick();
      await visit.verdict.waitFor();
      expect(gemini.generations).toBe(1);
      expect(mesh().proxy.passed.filter(({ path }) => path === '/v1/research')).toHaveLength(1);
    });

    it('is shown in each of two tabs by itself', async () => {
      const visit = await mesh().visitAs('analyst');
      const other = await visit.context.newPage();
      await other.goto(mesh().url);
      await visit.ask(QUESTION);
      await other.getByRole('textbox', { name: 'Your question' }).fill('What is a trust domain?');
      await other.getByRole('button', { name: 'Ask', exact: true }).click();
      await visit.verdict.waitFor();
      await other.getByText(/^Written by /).waitFor();
      expect(gemini.generations).toBe(2);
    });

    it('is replaced by what was signed: what another adds while it is written is gone', async () => {
      const visit = await mesh().visitAs('analyst');
      mesh().proxy.change = ({ type, data }) =>
        type === 'text' ? JSON.stringify({ text: 'planted ' }) : data;
      await visit.ask(QUESTION);
      await visit.verdict.waitFor();
      expect(await visit.page.locator('body').innerText()).not.toContain('planted');
    });

    it('tells of model and tokens in its receipt', async () => {
      const visit = await mesh().visitAs('analyst');
      await visit.ask(QUESTION);
      await visit.verdict.waitFor();
      const receipt = await visit.receipt.innerText();
      expect(receipt).toMatch(/127\.0\.0\.1/);
      expect(receipt).toMatch(/gemini-3\.8-flash/);
      expect(receipt).toMatch(/\d+ (bytes|B|kB)/);
      expect(receipt).toMatch(/tokens/i);
    });
  },
  async () => {
    gemini = await GeminiSimulator.start();
    return MeshInBrowser.start(
      {
        MESH_MODEL: 'gemini',
        MESH_GEMINI_URL: gemini.baseUrl,
        // A call that hangs is no failure of the simulator's, and ends with whoever asked alone.
        MESH_RESILIENCE_GEMINI_IDLE_TIMEOUT_MS: '120000',
        MESH_RESILIENCE_GEMINI_BREAKER_VOLUME_THRESHOLD: '1000',
      },
      async ({ state }) => {
        mkdirSync(join(state, 'secrets'), { recursive: true, mode: 0o700 });
        writeFileSync(join(state, 'secrets/gemini'), `${gemini.key}\n`, { mode: 0o600 });
      },
    );
  },
);
