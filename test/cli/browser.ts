import type { SamplePasswords } from '@mesh/issuer';

export interface Opened {
  readonly url: string;
  readonly status: number;
  readonly page: string;
}

/** A browser: keeps cookies, follows redirects, and fills in the embedded issuer's forms as the analyst. */
export class Browser {
  readonly #cookies = new Map<string, string>();

  constructor(
    private readonly passwords: SamplePasswords,
    /** To the form that asks whether the client may. */
    private readonly answer: 'yes' | 'no' = 'yes',
  ) {}

  async open(url: string, form?: Record<string, string>): Promise<Opened> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...this.#cookies].map((pair) => pair.join('=')).join('; ') },
      ...(form ? { method: 'POST', body: new URLSearchParams(form) } : {}),
    });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie)!;
      this.#cookies.set(name!, value!);
    }
    const location = response.headers.get('location');
    if (location !== null) return this.open(new URL(location, url).href);
    const page = await response.text();
    const prompt = /name="prompt" value="(login|consent)"/.exec(page)?.[1];
    if (prompt === undefined) return { url, status: response.status, page };
    const person = { account: 'analyst', password: this.passwords.of('analyst') };
    return this.open(url, { prompt, answer: this.answer, ...(prompt === 'login' ? person : {}) });
  }
}
