import { expect, it } from '@jest/globals';
import { describeInBrowser } from './describe-in-browser.js';
import type { Visit } from './visit.js';

const QUESTION = 'How does a workload get its SVID?';
/** What the changes write, so that nobody misses it where it is shown. */
const PLANTED = 'planted';

interface Delivered {
  answer: string;
  sources: { title: string; url: string; snippet: string }[];
  statements: string[];
  [name: string]: unknown;
}
type Change = (answer: Delivered) => void;

/** Another letter in the middle: one that base64url can hold in any place. */
function oneCharacter(text: string): string {
  const at = Math.floor(text.length / 2);
  return `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
}

describeInBrowser('an answer that is changed on its way', (mesh) => {
  /** Asks, with the last event of the answer changed. */
  async function askThrough(change: (data: string) => string | undefined): Promise<Visit> {
    const visit = await mesh().visitAs('analyst');
    mesh().proxy.change = ({ type, data }) => (type === 'done' ? change(data) : data);
    await visit.ask(QUESTION);
    return visit;
  }
  const json =
    (change: Change) =>
    (data: string): string => {
      const answer = JSON.parse(data) as Delivered;
      change(answer);
      return JSON.stringify(answer);
    };

  /** The reason is shown, and nothing of the content: neither as it came nor as it was changed. */
  async function expectRefused(visit: Visit, code: RegExp): Promise<void> {
    const alert = visit.alert;
    await alert.waitFor();
    expect(await alert.innerText()).toMatch(code);
    const text = await visit.page.locator('body').innerText();
    const done = JSON.parse(mesh().proxy.events.at(-1)!.data) as Delivered;
    for (const sentence of done.answer.split(/(?<=\.)\s|\s\[\d+\]/).filter((s) => s.length > 20)) {
      expect(text).not.toContain(sentence);
    }
    for (const { snippet } of done.sources) expect(text).not.toContain(snippet.slice(0, 60));
    expect(text).not.toContain(PLANTED);
    expect(await visit.page.content()).not.toContain(PLANTED);
    for (const name of [/copy/i, /download/i]) {
      expect(await visit.page.getByRole('button', { name }).count()).toBe(0);
      expect(await visit.page.getByRole('link', { name }).count()).toBe(0);
    }
  }

  it.each<[string, Change, RegExp]>([
    ['a character of its text', (a) => (a.answer = oneCharacter(a.answer)), /ERR_ANSWER_CONTENT/],
    ['all of its text', (a) => (a.answer = PLANTED), /ERR_ANSWER_CONTENT/],
    [
      'a character of a source',
      ({ sources: [source] }) => (source!.snippet = oneCharacter(source!.snippet)),
      /ERR_ANSWER_CONTENT/,
    ],
    [
      'the address of a source',
      ({ sources: [source] }) => (source!.url = `https://${PLANTED}.example/`),
      /ERR_ANSWER_CONTENT/,
    ],
    ['a member more', (a) => (a[PLANTED] = true), /ERR_ANSWER_CONTENT/],
    [
      'without statements',
      (a) => delete (a as Partial<Delivered>).statements,
      /ERR_ANSWER_UNSIGNED/,
    ],
    ['with none of its statements', (a) => (a.statements = []), /ERR_ANSWER_UNSIGNED/],
    ['without its last statement', (a) => a.statements.pop(), /ERR_ANSWER_/],
    ['with its statements in another order', (a) => a.statements.reverse(), /ERR_/],
  ])('is refused: %s', async (_, change, code) => {
    await expectRefused(await askThrough(json(change)), code);
  });

  it.each([0, 1, 2])('is refused: a character of statement %d', async (at) => {
    for (const part of [0, 1, 2]) {
      const visit = await askThrough(
        json(({ statements }) => {
          const parts = statements[at]!.split('.');
          parts[part] = oneCharacter(parts[part]!);
          statements[at] = parts.join('.');
        }),
      );
      await expectRefused(visit, /ERR_/);
      expect(await mesh().endVisits()).toEqual([]);
      mesh().proxy.reset();
    }
  });

  it('is refused: a statement of another answer', async () => {
    const visit = await mesh().visitAs('analyst');
    const others: string[][] = [];
    mesh().proxy.change = ({ type, data }) => {
      if (type !== 'done') return data;
      const answer = JSON.parse(data) as Delivered;
      others.push(answer.statements);
      const [earlier] = others;
      if (earlier !== answer.statements)
        answer.statements = [answer.statements[0]!, ...earlier!.slice(1)];
      return JSON.stringify(answer);
    };
    await visit.ask(QUESTION);
    await visit.verdict.waitFor();
    await visit.askNext(QUESTION);
    await expectRefused(visit, /ERR_ANSWER_/);
  });

  it('is refused: the whole of an answer to an earlier request', async () => {
    const visit = await mesh().visitAs('analyst');
    let earlier: string | undefined;
    mesh().proxy.change = ({ type, data }) => (type === 'done' ? (earlier ??= data) : data);
    await visit.ask(QUESTION);
    await visit.verdict.waitFor();
    await visit.askNext(QUESTION);
    await expectRefused(visit, /ERR_ANSWER_/);
  });

  it('is refused: text that is no JSON', async () => {
    await expectRefused(await askThrough(() => `{"${PLANTED}`), /ERR_|RESPONSE_UNREADABLE/);
  });

  it('is withdrawn where the connection is lost before its end', async () => {
    const visit = await askThrough(() => undefined);
    visit.tolerate(/ERR_INCOMPLETE_CHUNKED_ENCODING/);
    await expectRefused(visit, /CONNECTION_LOST/);
  });

  it('runs no script of an answer that another has written', async () => {
    const visit = await askThrough(
      json((answer) => (answer.answer = '<img src=x onerror=alert(1)><script>alert(2)</script>')),
    );
    await expectRefused(visit, /ERR_ANSWER_CONTENT/);
    expect(await visit.page.locator('img, script:not([src])').count()).toBe(0);
  });
});
