import { loadConfig } from '@mesh/agent';
import { SamplePasswords, signInAs } from '@mesh/issuer';

/** How long an access token is used, in milliseconds: half of its life. */
const RENEW_MS = 300_000;

/** The analyst, signed in at the embedded issuer for as long as it takes. */
export class Session {
  #token: Promise<string> | undefined;
  #until = 0;

  constructor(
    private readonly issuerUrl: string,
    private readonly passwordsFile: string,
  ) {}

  accessToken(): Promise<string> {
    const now = performance.now();
    if (this.#token === undefined || now >= this.#until) {
      this.#until = now + RENEW_MS;
      this.#token = this.#signIn();
    }
    return this.#token;
  }

  async #signIn(): Promise<string> {
    const passwords = await SamplePasswords.open(this.passwordsFile);
    const { accessToken } = await signInAs(this.issuerUrl, 'analyst', passwords.of('analyst'), {
      scope: 'research:fast research:deep draft:write',
      resource: loadConfig({ env: {} }).audience(),
    });
    return accessToken;
  }
}
