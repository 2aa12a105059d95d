import { join } from 'node:path';
import type { Browser, BrowserContextOptions } from 'playwright-core';
import { Sandbox, type Running } from '../cli/program.js';
import { launchChromium } from './chromium.js';
import { Proxy } from './proxy.js';
import { Visit } from './visit.js';

/** A mesh as `./mesh up` starts it, with a browser at hand and a proxy between the two. */
export class MeshInBrowser {
  readonly #visits = new Set<Visit>();

  private constructor(
    readonly sandbox: Sandbox,
    private readonly env: Readonly<Record<string, string>>,
    public mesh: Running,
    readonly proxy: Proxy,
    readonly browser: Browser,
    /** The address people open. */
    readonly url: string,
    /** Where they sign in. */
    readonly issuerUrl: string,
  ) {}

  /**
   * @param env Settings of the mesh.
   * @param before What is done on its state folder first.
   */
  static async start(
    env: Readonly<Record<string, string>> = {},
    before: (sandbox: Sandbox) => Promise<void> = async () => undefined,
  ): Promise<MeshInBrowser> {
    const sandbox = new Sandbox();
    const proxy = await Proxy.start();
    const url = `http://mesh.localhost:${proxy.port}`;
    let browser: Browser | undefined;
    try {
      await before(sandbox);
      const mesh = await sandbox.up([], { env: { ...env, MESH_PUBLIC_URL: url } });
      browser = await launchChromium();
      const { gatewayUrl, issuerUrl } = running(sandbox);
      proxy.target = gatewayUrl;
      return new MeshInBrowser(sandbox, env, mesh, proxy, browser, url, issuerUrl);
    } catch (error) {
      await Promise.all([sandbox.close(), proxy.close(), browser?.close()]);
      throw error;
    }
  }

  /** Stops it, and starts it again at the same addresses. */
  async restart(): Promise<void> {
    await this.mesh.end();
    this.mesh = await this.sandbox.up([], {
      env: {
        ...this.env,
        MESH_PUBLIC_URL: this.url,
        MESH_ISSUER_PORT: new URL(this.issuerUrl).port,
      },
    });
    this.proxy.target = running(this.sandbox).gatewayUrl;
  }

  /** The link that signs in without a password, once; undefined where none was printed. */
  get welcomeLink(): string | undefined {
    return /^Open: +(http\S+)/m.exec(this.mesh.stderr)?.[1];
  }

  /** Lines of the log, parsed. */
  get log(): Record<string, unknown>[] {
    return this.mesh.stdout
      .split('\n')
      .filter((line) => line.startsWith('{') && line.endsWith('}'))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  passwordOf(account: string): string {
    const passwords = JSON.parse(
      this.sandbox.read(join('state', 'issuer-passwords.json')),
    ) as Record<string, string>;
    return passwords[account]!;
  }

  /** A browser that was never here, as that of another person. */
  async visit(options: BrowserContextOptions = {}): Promise<Visit> {
    const visit = await Visit.begin(this, options);
    this.#visits.add(visit);
    return visit;
  }

  /** A visit that is signed in. */
  async visitAs(account: string, options: BrowserContextOptions = {}): Promise<Visit> {
    const visit = await this.visit(options);
    await visit.signIn(account);
    return visit;
  }

  /**
   * Ends what a test has begun; says what its browser complained about.
   * @param pictures Path, without an ending, of pictures of all pages.
   */
  async endVisits(pictures?: string): Promise<string[]> {
    const visits = [...this.#visits];
    this.#visits.clear();
    if (pictures) for (const visit of visits) await visit.picture(pictures);
    await Promise.all(visits.map((visit) => visit.context.close()));
    return visits.flatMap(({ problems }) => problems);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.proxy.close();
    await this.sandbox.close();
  }
}

/** Where the mesh of a sandbox is. */
function running(sandbox: Sandbox): { gatewayUrl: string; issuerUrl: string } {
  return JSON.parse(sandbox.read('state/running.json')) as ReturnType<typeof running>;
}
