import type { ServerResponse } from 'node:http';
import { SAMPLE_ACCOUNTS } from './sample-accounts.js';

export const STYLE_PATH = '/style.css';

/** Readable at any width and zoom, in both colour schemes, with contrasts of 4.5:1 and more. */
export const STYLE = `:root { color-scheme: light dark; color: CanvasText; background: Canvas; font: 100%/1.5 system-ui, sans-serif; }
body { max-width: 24rem; margin: 3rem auto; padding: 0 1rem; }
label { display: block; margin-top: 1rem; }
input { box-sizing: border-box; width: 100%; padding: .5rem; font: inherit; }
button { margin: 1.5rem .5rem 0 0; padding: .5rem 1rem; font: inherit; }
[role=alert], [role=status] { border-inline-start: .25rem solid; padding-inline-start: .75rem; }
code { overflow-wrap: anywhere; }
:focus-visible { outline: .2rem solid; outline-offset: .15rem; }
`;

export interface LoginPage {
  /** What was wrong with the attempt before. */
  readonly problem?: string | undefined;
  /** Why the page is shown where another was to be expected. */
  readonly hint?: string | undefined;
  /** Where the passwords are to be found. */
  readonly passwordsFile?: string | undefined;
}

export function loginPage(
  client: string,
  { problem, hint, passwordsFile }: LoginPage = {},
): string {
  return page(
    'Sign in',
    html`<p>${client} asks who you are.</p>
      ${hint === undefined ? '' : html`<p role="status">${hint}</p>`}
      ${problem === undefined ? '' : html`<p role="alert" id="problem">${problem}</p>`}
      <form method="post">
        <input type="hidden" name="prompt" value="login" />
        <label for="account">Account</label>
        <input
          id="account"
          name="account"
          list="accounts"
          autocomplete="username"
          autocapitalize="none"
          required
          autofocus
        />
        <datalist id="accounts">
          ${SAMPLE_ACCOUNTS.map((name) => html`<option value="${name}"></option>`)}
        </datalist>
        <label for="password">Password</label>
        <input
          id="password"
          name="password"
          type="password"
          autocomplete="current-password"
          required
          ${problem === undefined ? '' : html`aria-describedby="problem"`}
        />
        <button type="submit" name="answer" value="yes">Sign in</button>
        <button type="submit" name="answer" value="no" formnovalidate>Cancel</button>
      </form>
      <p>
        Sample accounts of a mesh for development: ${SAMPLE_ACCOUNTS.join(', ')}.
        ${passwordsFile === undefined ? '' : html`Their passwords are in <code>${passwordsFile}</code>.`}
      </p>`,
  );
}

/**
 * @param granted in words what the client gets
 * @param withheld what it asked for and this account may not
 * @param otherAccount where another account signs in
 */
export function consentPage(
  client: string,
  account: string,
  granted: readonly string[],
  withheld: readonly string[],
  otherAccount: string,
): string {
  const list = (items: readonly string[]) =>
    html`<ul>
      ${items.map((item) => html`<li>${item}</li>`)}
    </ul>`;
  return page(
    'Allow access',
    html`<p>You are signed in as <strong>${account}</strong>. ${client} asks for:</p>
      ${list(granted)}
      ${
        withheld.length === 0
          ? ''
          : html`<p>Not for this account, and so not granted:</p>
              ${list(withheld)}`
      }
      <form method="post">
        <input type="hidden" name="prompt" value="consent" />
        <button type="submit" name="answer" value="yes" autofocus>Allow</button>
        <button type="submit" name="answer" value="no">Cancel</button>
      </form>
      <p><a href="${otherAccount}">Use another account</a></p>`,
  );
}

/** For a link that no person opened as such: with a click it is one that did. */
export function welcomePage(account: string): string {
  return page(
    'Welcome',
    html`<p>This link signs you in to the mesh as <strong>${account}</strong>, once.</p>
      <form method="post">
        <button type="submit" autofocus>Sign in as ${account}</button>
      </form>`,
  );
}

/** @param secret that shows the form to be this page's */
export function logoutPage(account: string, secret: string): string {
  return page(
    'Sign out',
    html`<p>
        You are signed in here as <strong>${account}</strong>. Until you sign out here too, the next
        sign-in asks for no password.
      </p>
      <form method="post" action="/session/end/confirm">
        <input type="hidden" name="xsrf" value="${secret}" />
        <button type="submit" name="logout" value="yes" autofocus>Sign out</button>
        <button type="submit">Stay signed in</button>
      </form>`,
  );
}

export function signedOutPage(): string {
  return page('Signed out', html`<p>You are signed out. This page can be closed.</p>`);
}

export function errorPage(error: string, description: string | undefined): string {
  return page(
    'That did not work',
    html`<p role="alert">${description ?? 'The request cannot be served.'}</p>
      <p>Code: <code>${error}</code>. Go back to where you came from, and begin again.</p>`,
  );
}

export function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'Content-Type': 'text/html; charset=utf-8' }).end(body);
}

/** Browsers hold a form's answer to `form-action` too, and it leads to the client. */
export function allowFormTarget(response: ServerResponse, url: string): void {
  const policy = String(response.getHeader('Content-Security-Policy'));
  response.setHeader(
    'Content-Security-Policy',
    policy.replace("form-action 'self'", `form-action 'self' ${new URL(url).origin}`),
  );
}

/** Text that is HTML already. */
class Html {
  constructor(readonly text: string) {}
}

function page(title: string, body: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <link rel="stylesheet" href="${STYLE_PATH}" />
      </head>
      <body>
        <main>
          <h1>${title}</h1>
          ${body}
        </main>
      </body>
    </html>`.text;
}

/** Escapes all that is not HTML already, for elements and quoted attributes. */
function html(parts: TemplateStringsArray, ...values: (string | Html | readonly Html[])[]): Html {
  return new Html(String.raw({ raw: parts }, ...values.map(escaped)));
}

function escaped(value: string | Html | readonly Html[]): string {
  if (typeof value === 'string') {
    return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
  }
  return value instanceof Html ? value.text : value.map(({ text }) => text).join('');
}
