import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const REALM = join(import.meta.dirname, '../../deploy/keycloak/mesh-realm.json');
const START_MS = 180_000;
const ADMIN = 'suite';
const REFRESHES = ['REFRESH_TOKEN', 'REFRESH_TOKEN_ERROR'] as const;

/** A Keycloak on loopback with the realm of deploy/keycloak, everything it keeps in memory. */
export class Keycloak {
  readonly #passwords = new Map<string, string>();

  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly url: string,
    private readonly adminPassword: string,
  ) {}

  get issuer(): string {
    return `${this.url}/realms/mesh`;
  }

  /**
   * @param home Of one that is built.
   * @param publicUrl Of the mesh, as the realm's clients have it.
   */
  static async start(
    home: string,
    port: number,
    publicUrl: string,
    say: (line: string) => void,
  ): Promise<Keycloak> {
    const folder = mkdtempSync(join(tmpdir(), 'mesh-keycloak-'));
    // It keeps its data beside its script: one folder a run.
    mkdirSync(join(folder, 'bin'));
    copyFileSync(join(home, 'bin/kc.sh'), join(folder, 'bin/kc.sh'));
    for (const name of ['lib', 'providers', 'conf', 'themes']) {
      symlinkSync(join(home, name), join(folder, name));
    }
    cpSync(REALM, join(folder, 'data/import/mesh-realm.json'));
    const adminPassword = randomBytes(16).toString('base64url');
    const url = `http://127.0.0.1:${port}`;
    const child = spawn(
      'sh',
      [
        join(folder, 'bin/kc.sh'),
        ...['start', '--optimized', '--import-realm', '--cache=local', '--http-enabled=true'],
        ...['--http-host=127.0.0.1', `--http-port=${port}`, `--hostname=${url}`],
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: {
          ...process.env,
          KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN,
          KC_BOOTSTRAP_ADMIN_PASSWORD: adminPassword,
          MESH_PUBLIC_URL: publicUrl,
          JAVA_OPTS_APPEND: '-XX:TieredStopAtLevel=1',
        },
      },
    );
    const keycloak = new Keycloak(child, folder, url, adminPassword);
    try {
      await keycloak.#started(say);
    } catch (error) {
      await keycloak.close();
      throw error;
    }
    return keycloak;
  }

  async #started(say: (line: string) => void): Promise<void> {
    const began = Date.now();
    const seconds = () => Math.round((Date.now() - began) / 1000);
    const progress = setInterval(() => say(`Keycloak starts… ${seconds()} s`), 10_000);
    const limit = setTimeout(() => this.child.kill(), START_MS);
    try {
      const lines: string[] = [];
      for await (const line of createInterface(this.child.stdout!)) {
        lines.push(line);
        if (!line.includes('Listening on:')) continue;
        say(`Keycloak is up after ${seconds()} s.`);
        this.child.stdout!.resume();
        return;
      }
      throw new Error(`Keycloak does not start:\n${lines.slice(-20).join('\n')}`);
    } finally {
      clearInterval(progress);
      clearTimeout(limit);
    }
  }

  /** The person's password, which the realm's file does not have: set at the first use. */
  async passwordOf(account: string): Promise<string> {
    let password = this.#passwords.get(account);
    if (password === undefined) {
      password = randomBytes(16).toString('base64url');
      this.#passwords.set(account, password);
      await this.admin('PUT', `users/${await this.#idOf(account)}/reset-password`, {
        type: 'password',
        value: password,
      });
    }
    return password;
  }

  /** A person who has none of the realm's roles. */
  async addPerson(username: string): Promise<void> {
    await this.admin('POST', 'users', {
      username,
      enabled: true,
      email: `${username}@mesh.test`,
      firstName: username,
      lastName: 'Sample',
    });
  }

  /** Ends all sessions of a person, as an administrator does: the clients are told. */
  async signOut(account: string): Promise<void> {
    await this.admin('POST', `users/${await this.#idOf(account)}/logout`);
  }

  /** How often a client got tokens by refresh tokens, or did not, since `countRefreshes`. */
  async countOf(type: (typeof REFRESHES)[number]): Promise<number> {
    return ((await this.admin('GET', `events?type=${type}&max=100`)) as unknown[]).length;
  }

  async countRefreshes(): Promise<void> {
    await this.admin('PUT', 'events/config', {
      eventsEnabled: true,
      enabledEventTypes: REFRESHES,
    });
  }

  /** How long access tokens of a client live from now on, in seconds. */
  async setTokenLifetime(clientId: string, seconds: number | undefined): Promise<void> {
    const [client] = (await this.admin('GET', `clients?clientId=${clientId}`)) as [
      { id: string; attributes: Record<string, string> },
    ];
    const lifespan = seconds === undefined ? '' : String(seconds);
    await this.admin('PUT', `clients/${client.id}`, {
      ...client,
      attributes: { ...client.attributes, 'access.token.lifespan': lifespan },
    });
  }

  /** A request to the realm's part of the administration's API. */
  async admin(method: string, path: string, body?: object): Promise<unknown> {
    const response = await fetch(`${this.url}/admin/realms/mesh/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${await this.#adminToken()}`,
        'content-type': 'application/json',
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  async close(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exited = once(this.child, 'exit');
      this.child.kill();
      await exited;
    }
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #adminToken(): Promise<string> {
    const response = await fetch(`${this.url}/realms/master/protocol/openid-connect/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'password',
        client_id: 'admin-cli',
        username: ADMIN,
        password: this.adminPassword,
      }),
    });
    return ((await response.json()) as { access_token: string }).access_token;
  }

  async #idOf(account: string): Promise<string> {
    const [user] = (await this.admin('GET', `users?exact=true&username=${account}`)) as [
      { id: string },
    ];
    return user.id;
  }
}
