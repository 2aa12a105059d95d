import { Parser } from 'htmlparser2';
import { Browser, type Visited } from '../kit/browser.js';

const MAX_STEPS = 16;

interface Form {
  readonly action: string;
  /** Of its fields; those of buttons to press are not among them. */
  readonly fields: Record<string, string>;
  /** Names of its buttons. */
  readonly buttons: readonly string[];
}

/** A browser in front of Keycloak's pages: signs in, consents, and says yes to signing out. */
export class KeycloakBrowser extends Browser {
  constructor(
    /** Origin that the issuer leads back to. */
    origin: string,
    private readonly passwords: (account: string) => Promise<string>,
  ) {
    super(origin, () => '');
  }

  override async throughIssuer(first: string, account: string): Promise<string> {
    let page = await this.send(first);
    for (let step = 0; step < MAX_STEPS; step++) {
      if (page.location !== undefined) {
        if (page.location.startsWith(this.origin)) return page.location;
        page = await this.send(page.location);
        continue;
      }
      const form = formOf(page);
      const person = { username: account, password: await this.passwords(account) };
      page = await this.press(page, form, 'password' in form.fields ? person : {});
    }
    throw new Error('Keycloak leads in circles.');
  }

  /** Sends a form by its first button. */
  private press(page: Visited, { action, fields, buttons }: Form, values = {}): Promise<Visited> {
    const pressed = Object.fromEntries(buttons.slice(0, 1).map((name) => [name, 'yes']));
    return this.send(new URL(action, page.url).href, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ ...fields, ...pressed, ...values }).toString(),
    });
  }
}

function formOf({ url, status, text }: Visited): Form {
  let action: string | undefined;
  const fields: Record<string, string> = {};
  const buttons: string[] = [];
  const parser = new Parser({
    onopentag(tag, { action: to, name, type, value = '' }) {
      if (tag === 'form') action = to;
      if (name === undefined || action === undefined) return;
      if (type === 'submit') buttons.push(name);
      else if (tag === 'input') fields[name] = value;
    },
  });
  parser.end(text);
  if (action === undefined) throw new Error(`${url}: ${status}, no form: ${text.slice(0, 2000)}`);
  return { action, fields, buttons };
}
