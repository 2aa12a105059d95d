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
    readonly mesh: Running,
    readonly proxy: Proxy,
    readonly browser: Browser,
    /** The address people open. */
    readonly url: string,
    /** Where they sign in. */
    readonly issuerUrl: string,
  ) {}

  /** @param env Settings of the mesh. */
  static async start(env: Readonly<Record<string, string>> = {}): Promise<MeshInBrowser> {
    const sandbox = new Sandbox();
    const proxy = await Proxy.start();
    const url = `http://mesh.localhost:${proxy.port}`;
    try {
      const [browser, mesh] = await Promise.all([
        launchChromium(),
        sandbox.up([], { env: { MESH_PUBLIC_URL: url, ...env } }),
      ]);
      const running = JSON.parse(sandbox.read('state/running.json')) as Record<string, string>;
      proxy.target = running['gatewayUrl']!;
      return new MeshInBrowser(sandbox, mesh, proxy, browser, url, running['issuerUrl']!);
    } catch (error) {
      await Promise.all([sandbox.close(), proxy.close()]);
      throw error;
    }
  }

  /** The link that signs in without a password, once; undefined where none was printed. */
  get welcomeLink(): string | undefined {
    return /^Open: +(\S+)$/m.exec(this.mesh.stderr)?.[1];
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

  /** Ends what a test has begun; says what its browser complained about. */
  async endVisits(): Promise<string[]> {
    const visits = [...this.#visits];
    this.#visits.clear();
    await Promise.all(visits.map((visit) => visit.context.close()));
    return visits.flatMap(({ problems }) => problems);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.proxy.close();
    await this.sandbox.close();
  }
}
