import { existsSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve } from 'node:path';
import { parsePolicyOptions, PolicyError, type PolicySettings } from '@mesh/resilience';
import type { AgentDirectory } from '../agent-file/agent-directory.js';
import type { IssuerAddress } from '../pipeline/issuer-documents.js';
import { loopbackTls, type TlsFiles } from '../tls/tls-files.js';
import { closest } from './closest.js';
import { ConfigError } from './config.error.js';
import { PROVIDERS, policySettings, resilienceSettings } from './resilience-settings.js';
import {
  agentSettings,
  DEFAULT_HOSTS,
  settings,
  variableOf,
  type NamedSetting,
  type Setting,
  type SettingKey,
  type SettingValues,
} from './settings.js';
import { readTextFile, TextFileError } from './text-file.js';
import { YamlText, YamlTextError } from './yaml-text.js';

export interface LoadConfigOptions {
  /** Values of the command line by the setting's key (`logLevel`); undefined where a flag was not given. */
  readonly flags?: Readonly<Partial<Record<SettingKey, string | undefined>>>;
  /** The environment. An empty variable counts as not set. Default: the process's own. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Folder that relative paths and mesh.yaml are looked for in. Default: the current one. */
  readonly cwd?: string;
  /** Folder of the project, for the defaults. Default: the one this code is in, else `cwd`. */
  readonly root?: string;
}

type Environment = NonNullable<LoadConfigOptions['env']>;

/** One row of `./mesh config --print`. */
export interface ConfigRow {
  readonly key: string;
  /** As an environment variable would hold it; empty where there is none. */
  readonly value: string;
  /** `default`, the name of a file, of a variable or of a flag. */
  readonly source: string;
}

/** The whole configuration of a process. Immutable; one that exists is valid. */
export type MeshConfig = SettingValues & NamedConfig;

/** A setting with the agent's or policy's name put in. */
interface Slot {
  readonly setting: Pick<NamedSetting<unknown>, 'kind' | 'variable'>;
  readonly key: string;
  readonly variable: string;
  /** Whose it is; absent where there is one for all. */
  readonly name?: string;
}

interface Given {
  readonly slot: Slot;
  readonly value: unknown;
  /** As it was given, for errors. */
  readonly as: string;
  readonly source: string;
}

const NAMED: readonly NamedSetting<unknown>[] = [
  ...Object.values(agentSettings),
  ...resilienceSettings,
];
const FILE_VARIABLE = 'MESH_CONFIG';
const MAX_PORT = 65_535;
const MANAGEMENT_OFFSET = 100;
const NAME = /^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** What is configured by name, and views of the whole. */
export class NamedConfig {
  readonly #given: ReadonlyMap<string, Given>;
  readonly #checked = new WeakSet<AgentDirectory>();
  readonly #env: Environment;
  readonly #root: string;

  constructor(given: ReadonlyMap<string, Given>, env: Environment, root: string) {
    this.#given = given;
    this.#env = env;
    this.#root = root;
  }

  /** Port of an agent's listener. 0: any that is free. */
  port(agent: string, directory: AgentDirectory): number {
    return this.#of(agentSettings.port, agent, directory) ?? directory.get(agent).port;
  }

  /**
   * Port of an agent's management listener. 0: any that is free.
   * @throws ConfigError where the default, 100 above the listener's port, is no port.
   */
  managementPort(agent: string, directory: AgentDirectory): number {
    const configured = this.#of(agentSettings.managementPort, agent, directory);
    if (configured !== undefined) return configured;
    const port = this.port(agent, directory);
    if (port === 0) return 0;
    if (port <= MAX_PORT - MANAGEMENT_OFFSET) return port + MANAGEMENT_OFFSET;
    const { variable } = slotOf(agentSettings.managementPort, agent);
    throw new ConfigError(
      variable,
      `${variable} must be set to a port: the one ${MANAGEMENT_OFFSET} above ${port} does not exist.`,
    );
  }

  /** Where an agent is found: an origin. */
  peerUrl(agent: string, directory: AgentDirectory): string {
    return (
      this.#of(agentSettings.peerUrl, agent, directory) ??
      `https://127.0.0.1:${this.port(agent, directory)}`
    );
  }

  /**
   * `Host` values, without port and in lower case, that an agent's listener for people serves: those of the
   * configuration, and in any case the one of the public address.
   */
  hosts(agent: string): ReadonlySet<string> {
    const hosts = new Set<string>(this.#value(agentSettings.hosts, agent) ?? DEFAULT_HOSTS);
    const publicUrl = this.#given.get('publicUrl')?.value as string | undefined;
    return publicUrl === undefined ? hosts : hosts.add(new URL(publicUrl).hostname);
  }

  /**
   * The files that the listener for people has its certificate and key from; undefined where it serves plain HTTP.
   * @throws ConfigError where files are named that nothing reads, or none for TLS by files
   */
  tlsFiles(this: MeshConfig): TlsFiles | undefined {
    const { tls, tlsCertificate: certificate, tlsKey: key } = this;
    if (tls === 'files') {
      if (certificate !== undefined && key !== undefined) return { certificate, key };
      throw new ConfigError(
        certificate === undefined ? 'tlsCertificate' : 'tlsKey',
        'MESH_TLS=files needs MESH_TLS_CERTIFICATE and MESH_TLS_KEY: the certificate of the listener for people and its private key, in PEM.',
      );
    }
    if (certificate !== undefined || key !== undefined) {
      throw new ConfigError(
        'tls',
        `MESH_TLS_CERTIFICATE and MESH_TLS_KEY are read with MESH_TLS=files alone, and MESH_TLS is ${tls}.`,
      );
    }
    return tls === 'loopback' ? loopbackTls(this.state) : undefined;
  }

  /** The origin that people open the gateway at, which listens on `port`. */
  publicOrigin(this: MeshConfig, port: number): string {
    const protocol = this.tls === 'off' ? 'http' : 'https';
    // Browsers leave the default port out of an origin.
    return this.publicUrl ?? new URL(`${protocol}://mesh.localhost:${port}`).origin;
  }

  /** `aud` that access tokens must have. */
  audience(this: MeshConfig): string {
    return this.apiAudience ?? `https://${this.trustDomain.name}/api`;
  }

  /**
   * The OpenID issuer that is configured; undefined where none is.
   * @throws ConfigError where its address for agents comes without its SPIFFE ID, or the other way round
   */
  issuer(this: MeshConfig): IssuerAddress | undefined {
    const { issuerUrl: url, issuerAgentsUrl: agentsUrl, issuerSpiffeId: spiffeId } = this;
    if ((agentsUrl === undefined) !== (spiffeId === undefined)) {
      throw new ConfigError(
        'issuerAgentsUrl',
        'MESH_ISSUER_AGENTS_URL and MESH_ISSUER_SPIFFE_ID are set together, or neither is.',
      );
    }
    if (url === undefined) return undefined;
    return agentsUrl && spiffeId ? { url, agents: { url: agentsUrl, spiffeId } } : { url };
  }

  /** How an agent or provider is called: tuned defaults and what is configured. */
  resilience(name: string): PolicySettings {
    return policySettings(name, (option) => {
      const setting = resilienceSettings.find((other) => other.option === option);
      return setting && this.#value(setting, name);
    });
  }

  /** The environment of a process that is started by this one and is to have the same configuration. */
  environment(): Record<string, string | undefined> {
    const entries = [...this.#given.values()]
      .filter(({ source, slot }) => source !== slot.variable)
      .map(({ slot, value }) => [slot.variable, slot.setting.kind.format(value)] as const);
    return { ...this.#env, ...Object.fromEntries(entries) };
  }

  /**
   * Each value with its source.
   * @param directory With it, the settings of each of its agents too, also where they are defaults.
   */
  rows(directory?: AgentDirectory): ConfigRow[] {
    const rows = Object.entries(settings as Record<string, Setting<unknown>>).map(
      ([key, setting]) => {
        const given = this.#given.get(key);
        const value = given ? given.value : setting.standard(this.#root);
        return {
          key,
          value: value === undefined ? '' : setting.kind.format(value),
          source: given?.source ?? 'default',
        };
      },
    );
    if (directory !== undefined) {
      const called = new Set(directory.edges().map(({ agent }) => agent));
      rows.push(...this.#agentRows(directory, called));
      for (const name of [...called, ...PROVIDERS]) rows.push(...this.#policyRows(name));
    }
    const shown = new Set(rows.map(({ key }) => key));
    for (const { slot, value, source } of this.#given.values()) {
      if (shown.has(slot.key)) continue;
      rows.push({ key: slot.key, value: slot.setting.kind.format(value), source });
    }
    return rows;
  }

  #agentRows(directory: AgentDirectory, called: ReadonlySet<string>): ConfigRow[] {
    return directory.names().flatMap((name) => {
      const { file } = directory.get(name);
      const row = (setting: NamedSetting<unknown>, value: string, standard: string): ConfigRow => {
        const { key } = slotOf(setting, name);
        return { key, value, source: this.#given.get(key)?.source ?? standard };
      };
      const { port, managementPort, peerUrl, hosts } = agentSettings;
      return [
        row(port, String(this.port(name, directory)), file),
        // It follows from the port.
        row(
          managementPort,
          String(this.managementPort(name, directory)),
          this.#given.get(slotOf(port, name).key)?.source ?? file,
        ),
        // Who has callers serves agents, who has none serves people.
        ...(called.has(name)
          ? [row(peerUrl, this.peerUrl(name, directory), 'default')]
          : [row(hosts, hosts.kind.format([...this.hosts(name)]), 'default')]),
      ];
    });
  }

  #policyRows(name: string): ConfigRow[] {
    const options = parsePolicyOptions(name, this.resilience(name));
    return resilienceSettings.map((setting) => {
      const { key } = slotOf(setting, name);
      const value = setting.option
        .split('.')
        .reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], options);
      return { key, value: String(value), source: this.#given.get(key)?.source ?? 'default' };
    });
  }

  #value<T>(setting: NamedSetting<T>, name: string): T | undefined {
    return this.#given.get(slotOf(setting, name).key)?.value as T | undefined;
  }

  #of<T>(setting: NamedSetting<T>, agent: string, directory: AgentDirectory): T | undefined {
    this.#checkNames(directory);
    return this.#value(setting, agent);
  }

  /** Which agents there are is known once their folder was read, and that folder is configuration. */
  #checkNames(directory: AgentDirectory): void {
    if (this.#checked.has(directory)) return;
    for (const { slot, as } of this.#given.values()) {
      if (slot.name === undefined || directory.has(slot.name)) continue;
      const known = slot.key.startsWith('resilience.')
        ? [...directory.names(), ...PROVIDERS]
        : directory.names();
      if (known.includes(slot.name)) continue;
      const meant = closest(slot.name, known);
      const hint =
        meant === undefined ? `there are: ${known.join(', ')}` : `did you mean ${meant}?`;
      throw new ConfigError(as, `${as} is for "${slot.name}", which does not exist (${hint}).`);
    }
    this.#checked.add(directory);
  }
}

/**
 * Reads the configuration: defaults, then mesh.yaml (in `cwd`, or the file that MESH_CONFIG names), then environment,
 * then flags; a later one wins. Values that are overridden must be valid too.
 * @throws ConfigError
 */
export function loadConfig(options: LoadConfigOptions = {}): MeshConfig {
  const { cwd = process.cwd(), env = process.env, flags = {} } = options;
  const root = options.root ?? projectFolder(import.meta.dirname) ?? cwd;
  const given = new Map<string, Given>();
  for (const item of [
    ...fromFile(env, cwd),
    ...fromEnvironment(env, cwd),
    ...fromFlags(flags, cwd),
  ]) {
    given.set(item.slot.key, item);
  }
  checkPolicies(given);
  const values = Object.fromEntries(
    Object.entries(settings as Record<string, Setting<unknown>>).map(([key, setting]) => {
      const item = given.get(key);
      return [key, item ? item.value : setting.standard(root)];
    }),
  ) as unknown as SettingValues;
  const config = Object.assign(new NamedConfig(given, env, root), values);
  Object.freeze(config);
  return config;
}

function* fromFile(env: Environment, cwd: string): Generator<Given> {
  const named = env[FILE_VARIABLE] || undefined;
  const path = resolve(cwd, named ?? 'mesh.yaml');
  const file = shortName(path, cwd);
  let text: YamlText;
  try {
    const source = readTextFile(path);
    if (source === undefined) {
      if (named === undefined) return;
      throw new TextFileError('it does not exist');
    }
    text = YamlText.parse(source);
  } catch (error) {
    if (error instanceof YamlTextError) {
      const as = `${file}:${error.position.line}:${error.position.column}`;
      throw new ConfigError(as, `${as}: ${error.message}.`);
    }
    if (!(error instanceof TextFileError)) throw error;
    const as = named === undefined ? file : FILE_VARIABLE;
    throw new ConfigError(as, `${as} should be a file of settings, but ${error.message}.`);
  }
  if (text.value === null) return;
  if (!isMapping(text.value)) {
    throw new ConfigError(file, `${file} must be a mapping of settings to values.`);
  }
  for (const { path: keys, value } of leavesOf(text.value)) {
    const { line, column } = text.positionAt(keys, 'key');
    const as = `${file}:${line}:${column}: ${keys.join('.')}`;
    const slot = slotOfKey(keys);
    if (slot === undefined) {
      throw new ConfigError(as, `${as} is not a setting${hintOf(keys.join('.'), KEYS)}.`);
    }
    yield givenOf(slot, value, dirname(path), as, file);
  }
}

function* fromEnvironment(env: Environment, cwd: string): Generator<Given> {
  for (const [variable, value] of Object.entries(env)) {
    if (value === undefined || value === '' || variable === FILE_VARIABLE) continue;
    const slot = slotOfVariable(variable);
    if (slot !== undefined) {
      yield givenOf(slot, value, cwd, variable, variable);
    } else if (variable.startsWith('MESH_')) {
      const hint = /KEY|(?<!TXN_)TOKEN|SECRET|PASSWORD/.test(variable)
        ? ' (keys are not taken from the environment: ./mesh secret set)'
        : hintOf(variable, VARIABLES);
      throw new ConfigError(variable, `${variable} is not a setting${hint}.`);
    }
  }
}

function* fromFlags(flags: Readonly<Record<string, unknown>>, cwd: string): Generator<Given> {
  for (const [key, value] of Object.entries(flags)) {
    if (value === undefined) continue;
    const flag = flagOf(key);
    const slot = slotOfKey([key]);
    if (slot === undefined) throw new ConfigError(flag, `${flag} is not a setting.`);
    yield givenOf(slot, value, cwd, flag, flag);
  }
}

function givenOf(slot: Slot, raw: unknown, base: string, as: string, source: string): Given {
  const value: unknown = slot.setting.kind.parse(raw, base);
  // The value is not repeated: it may be a key, set in the wrong place.
  if (value === undefined) throw new ConfigError(as, `${as} must be ${slot.setting.kind.holds}.`);
  return { slot, value, as, source };
}

/** Options that only hold together, such as the bounds of the backoff. */
function checkPolicies(given: ReadonlyMap<string, Given>): void {
  for (const { slot, as } of given.values()) {
    if (slot.name === undefined || !slot.key.startsWith('resilience.')) continue;
    const { name } = slot;
    const option = (key: string) =>
      given.get(`resilience.${name}.${key}`)?.value as number | undefined;
    try {
      parsePolicyOptions(name, policySettings(name, option));
    } catch (error) {
      if (!(error instanceof PolicyError)) throw error;
      throw new ConfigError(as, `${as} does not fit the others: ${error.message}`, {
        cause: error,
      });
    }
  }
}

/** `--log-level` */
export function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

const KEYS = [...Object.keys(settings), ...NAMED.map(({ key }) => key)];
const VARIABLES = [
  FILE_VARIABLE,
  ...Object.values(settings).map(({ variable }) => variable),
  ...NAMED.map(({ variable }) => variable),
];

function slotOfKey(keys: readonly string[]): Slot | undefined {
  const key = keys.join('.');
  if (keys.length === 1 && Object.hasOwn(settings, key)) {
    const setting = settings[key as SettingKey];
    return { setting, key, variable: setting.variable };
  }
  const name = keys[1];
  if (name === undefined || !NAME.test(name)) return undefined;
  const setting = NAMED.find((other) => slotOf(other, name).key === key);
  return setting && slotOf(setting, name);
}

function slotOfVariable(variable: string): Slot | undefined {
  for (const [key, setting] of Object.entries(settings)) {
    if (setting.variable === variable) return { setting, key, variable };
  }
  for (const setting of NAMED) {
    const [before = '', after = ''] = setting.variable.split(/<[A-Z]+>/);
    if (!variable.startsWith(before) || !variable.endsWith(after)) continue;
    const name = variable.slice(before.length, variable.length - after.length);
    const slot = slotOf(setting, name.toLowerCase().replaceAll('_', '-'));
    if (slot.variable === variable && NAME.test(slot.name ?? '')) return slot;
  }
  return undefined;
}

function slotOf(setting: NamedSetting<unknown>, name: string): Slot & { readonly key: string } {
  return {
    setting,
    key: setting.key.replace(/<[a-z]+>/, name),
    variable: variableOf(setting, name),
    name,
  };
}

function hintOf(text: string, candidates: readonly string[]): string {
  const meant = closest(text, candidates);
  return meant === undefined ? '' : ` (did you mean ${meant}?)`;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function* leavesOf(
  value: Record<string, unknown>,
  path: readonly string[] = [],
): Generator<{ path: readonly string[]; value: unknown }> {
  for (const [key, member] of Object.entries(value)) {
    const here = [...path, key];
    if (isMapping(member) && Object.keys(member).length > 0) yield* leavesOf(member, here);
    else yield { path: here, value: member };
  }
}

function shortName(path: string, cwd: string): string {
  const short = relative(cwd, path);
  return short.startsWith('..') || isAbsolute(short) ? path : short;
}

/** The folder of this project around `from`: its package.json says so. */
export function projectFolder(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) {
      const { name } = JSON.parse(readFileSync(file, 'utf8')) as { name?: unknown };
      if (name === 'mesh') return folder;
    }
    if (dirname(folder) === folder) return undefined;
  }
}
