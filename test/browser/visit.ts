import { writeFileSync } from 'node:fs';
import type {
  BrowserContext,
  BrowserContextOptions,
  ConsoleMessage,
  Locator,
  Page,
  Request,
} from 'playwright-core';

/** What a page takes at most to show something, in milliseconds. */
const PATIENCE_MS = 15_000;

/** Where a visit goes. */
interface Place {
  readonly url: string;
  readonly issuerUrl: string;
  passwordOf(account: string): string;
}

/**
 * One person's browser. It holds against the pages whatever they do that a page of the mesh must not: errors on the
 * console (violations of the content security policy are such), uncaught errors, requests to other origins.
 */
export class Visit {
  readonly problems: string[] = [];
  /** Every request of every page. */
  readonly requests: Request[] = [];
  readonly #tolerated: RegExp[] = [];

  private constructor(
    readonly place: Place,
    readonly context: BrowserContext,
    readonly page: Page,
  ) {
    const origins = new Set([place.url, place.issuerUrl]);
    context.setDefaultTimeout(PATIENCE_MS);
    context.on('console', (message) => this.#judge(message));
    context.on('weberror', (error) => this.#problem(`uncaught: ${error.error().message}`));
    context.on('request', (request) => {
      this.requests.push(request);
      const { origin, protocol } = new URL(request.url());
      if (protocol !== 'data:' && !origins.has(origin)) this.#problem(`request: ${request.url()}`);
    });

    // A worker's console does not tell what its policy forbids.
    context.on('requestfailed', (request) => {
      const reason = request.failure()?.errorText;
      if (reason === 'csp') this.#problem(`forbidden: ${request.url()}`);
    });
  }

  static async begin(
    place: Place & { readonly browser: { newContext: NewContext } },
    options: BrowserContextOptions,
  ): Promise<Visit> {
    const context = await place.browser.newContext({
      // As somebody who can see; a test says which other.
      viewport: { width: 1280, height: 900 },
      permissions: ['clipboard-write'],
      ...options,
    });
    return new Visit(place, context, await context.newPage());
  }

  /** What this test is about, and so no problem. */
  tolerate(...patterns: RegExp[]): void {
    this.#tolerated.push(...patterns);
  }

  /** Answers with these statuses are what this test is about: the console has a line about each. */
  tolerateStatus(...statuses: number[]): void {
    this.tolerate(...statuses.map((status) => new RegExp(`responded with a status of ${status}`)));
  }

  /** Opens a page of the mesh. */
  async open(path: string): Promise<void> {
    await this.page.goto(new URL(path, this.place.url).href);
  }

  /** From the first page to the one that asks for a question. */
  async signIn(account: string): Promise<void> {
    await this.open('/');
    await this.page
      .getByRole('link', { name: /^Sign in/ })
      .first()
      .click();
    await this.fillSignIn(account);
    await this.question.waitFor();
  }

  /** The embedded issuer's form. */
  async fillSignIn(account: string, password = this.place.passwordOf(account)): Promise<void> {
    await this.page.getByLabel('Account').fill(account);
    await this.page.getByLabel('Password').fill(password);
    await this.page.getByRole('button', { name: 'Sign in' }).click();
  }

  get question(): Locator {
    return this.page.getByRole('textbox', { name: 'Your question' });
  }

  /** The button that sends it. */
  get askButton(): Locator {
    return this.button('Ask');
  }

  get cancelButton(): Locator {
    return this.button('Cancel');
  }

  /** Questions to begin with. */
  get examples(): Locator {
    return this.page.getByRole('region', { name: /begin with/ }).getByRole('button');
  }

  depth(name: 'Fast' | 'Deep'): Locator {
    return this.page.getByRole('radio', { name, exact: true });
  }

  /** Asks, and does not wait for the answer. */
  async ask(question: string): Promise<void> {
    await this.question.fill(question);
    await this.askButton.click();
  }

  /** Asks another question, from the page that shows an answer. */
  async askNext(question: string): Promise<void> {
    await this.button('Ask something else').click();
    await this.ask(question);
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** The menu of the person who is signed in. */
  account(name: string): Locator {
    return this.page.getByRole('button', { name: `Account: ${name}` });
  }

  async signOut(account = 'analyst'): Promise<void> {
    await this.account(account).click();
    await this.page.getByRole('menuitem', { name: 'Sign out' }).click();
    // The issuer asks by itself whether its session ends, too.
    await this.page.waitForURL(`${this.place.issuerUrl}/**`);
    await this.button('Sign out').click();
    await this.page.getByRole('heading', { level: 1, name: 'You are signed out' }).waitFor();
  }

  /** The page's own notice that something failed. */
  get alert(): Locator {
    return this.page.getByRole('alert');
  }

  /** The line that says who wrote the answer; there once it is verified. */
  get verdict(): Locator {
    return this.page.getByText(/^Written by /);
  }

  get proof(): Locator {
    return this.page.getByRole('region', { name: 'Proof' });
  }

  get receipt(): Locator {
    return this.page.getByRole('region', { name: 'Receipt' });
  }

  /** An agent's statement in the picture of the proof. */
  proofNode(agent: string): Locator {
    return this.proof.getByRole('button', { name: new RegExp(`\\b${agent}\\b`) }).first();
  }

  /** What the page says that its verification took, in milliseconds. */
  async verificationTime(): Promise<number> {
    const ms = await this.page
      .locator('[data-verification-ms]')
      .getAttribute('data-verification-ms');
    return Number(ms);
  }

  /** Goes on by the keyboard until what has this name has the focus, and is seen to have it. */
  async tabTo(name: RegExp): Promise<void> {
    for (let presses = 0; presses < 150; presses++) {
      await this.page.keyboard.press('Tab');
      const focused = await this.page.evaluate<string>(FOCUSED);
      if (name.test(focused)) return;
    }
    throw new Error(`The keyboard does not reach ${String(name)}.`);
  }

  /** What was copied. No page of the mesh may read it. */
  async clipboard(): Promise<string> {
    const page = await this.context.newPage();
    await page.setContent('<textarea></textarea>');
    const field = page.getByRole('textbox');
    await field.press('Control+V');
    const text = await field.inputValue();
    await page.close();
    return text;
  }

  /** Gives the file of an answer to `/verify`. */
  async drop(path: string): Promise<void> {
    await this.page.getByLabel('Answer’s file').setInputFiles(path);
  }

  /** Gives a trust document of one's own to `/verify`. */
  async bringTrust(path: string): Promise<void> {
    await this.page.getByLabel('Trust document of your own').setInputFiles(path);
  }

  /** The paths of requests to the gateway since `from`. */
  paths(from = 0): string[] {
    return this.requests.slice(from).map((request) => new URL(request.url()).pathname);
  }

  /** What each page shows, for who looks into a test: as pictures, and in words. */
  async picture(path: string): Promise<void> {
    for (const [index, page] of this.context.pages().entries()) {
      await page.screenshot({ path: `${path} ${index}.png`, fullPage: true });
      writeFileSync(`${path} ${index}.txt`, await page.locator('body').ariaSnapshot());
    }
  }

  #judge(message: ConsoleMessage): void {
    if (message.type() === 'error') this.#problem(`console: ${message.text()}`);
  }

  #problem(text: string): void {
    if (!this.#tolerated.some((pattern) => pattern.test(text))) this.problems.push(text);
  }
}

/** Name of the element that has the focus; empty if one does not see that it has. */
const FOCUSED = `(({ activeElement: e }) =>
  e?.matches(':focus-visible')
    ? (e.getAttribute('aria-label') ?? e.labels?.[0]?.innerText ?? e.textContent).trim()
    : '')(document)`;

type NewContext = (options: BrowserContextOptions) => Promise<BrowserContext>;
