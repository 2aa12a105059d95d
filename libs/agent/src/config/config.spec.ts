import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { parsePolicyOptions } from '@mesh/resilience';
import { TrustDomain } from '@mesh/spiffe';
import { AgentDirectory } from '../agent-file/agent-directory.js';
import { AgentFile } from '../agent-file/agent-file.js';
import { ConfigError } from './config.error.js';
import { loadConfig, type LoadConfigOptions, type MeshConfig } from './config.js';

const ACTIONS: Readonly<Record<string, string>> = {
  writer: 'actions: { draft:write: { callers: [gateway] } }\n',
};
const directory = AgentDirectory.of(
  ['gateway', 'writer', 'fact-checker'].map((name, index) =>
    AgentFile.parse(
      `name: ${name}\nidentity: /${name}\nport: ${4000 + index}\n${ACTIONS[name] ?? ''}`,
      `apps/${name}/agent.yaml`,
    ),
  ),
  TrustDomain.parse('mesh.local'),
);

let cwd: string;
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'config-'));
});
afterEach(() => {
  rmSync(cwd, { recursive: true });
});

function load(options: Partial<LoadConfigOptions> & { file?: string } = {}): MeshConfig {
  const { file, ...rest } = options;
  if (file !== undefined) writeFileSync(join(cwd, 'mesh.yaml'), file);
  return loadConfig({ env: {}, cwd, root: '/project', ...rest });
}

function faultOf(run: () => unknown): ConfigError {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

const sourceOf = (config: MeshConfig, key: string) =>
  config.rows().find((row) => row.key === key)?.source;

describe('loadConfig', () => {
  it('has a default for everything', () => {
    const config = load();
    expect(config).toMatchObject({
      state: '/project/.mesh',
      agents: '/project/apps',
      documents: '/project/docs',
      search: 'documents',
      model: 'extractive',
      logLevel: 'info',
      logFormat: 'auto',
      bind: '127.0.0.1',
      svidTtlSeconds: 3600,
      spiffeEndpointSocket: undefined,
      issuerUrl: undefined,
      issuerAgentsUrl: undefined,
      issuerSpiffeId: undefined,
      txnTokenTtlSeconds: 300,
      txnTokenMaxActors: 4,
      logUserId: 'pseudonym',
      issuerPort: 4010,
      issuerAgentsPort: 4011,
      federation: undefined,
    });
    expect(config.audience()).toBe('https://mesh.local/api');
    expect(config.issuer()).toBeUndefined();
    expect(config.trustDomain.name).toBe('mesh.local');
    expect(config.rows().every(({ source }) => source === 'default')).toBe(true);
    expect(Object.isFrozen(config)).toBe(true);
  });

  it('takes the project’s folder for the defaults wherever it is started', () => {
    expect(loadConfig({ env: {}, cwd }).agents).toMatch(/\/apps$/);
    expect(loadConfig({ env: {}, cwd }).agents).not.toContain(cwd);
  });

  it('takes flags over environment over file', () => {
    const file = 'model: gemini\nsearch: tavily\nlogLevel: warn\n';
    const env = { MESH_SEARCH: 'documents', MESH_LOG_LEVEL: 'error' };
    const config = load({ file, env, flags: { logLevel: 'debug', model: undefined } });
    expect(config).toMatchObject({ model: 'gemini', search: 'documents', logLevel: 'debug' });
    expect(['model', 'search', 'logLevel', 'bind'].map((key) => sourceOf(config, key))).toEqual([
      'mesh.yaml',
      'MESH_SEARCH',
      '--log-level',
      'default',
    ]);
  });

  it('takes an empty variable for one that is not set', () => {
    expect(load({ env: { MESH_MODEL: '', MESH_CONFIG: '' } }).model).toBe('extractive');
  });

  it('reads the file that MESH_CONFIG names, with paths relative to it', () => {
    mkdirSync(join(cwd, 'etc'));
    writeFileSync(join(cwd, 'etc/other.yaml'), 'documents: papers\n');
    const config = load({ env: { MESH_CONFIG: 'etc/other.yaml' } });
    expect(config.documents).toBe(join(cwd, 'etc/papers'));
    expect(sourceOf(config, 'documents')).toBe('etc/other.yaml');
  });

  it('takes paths of environment and flags relative to the current folder', () => {
    expect(load({ env: { MESH_STATE: 'state' } }).state).toBe(join(cwd, 'state'));
    expect(load({ flags: { documents: '../papers' } }).documents).toBe(join(cwd, '../papers'));
    expect(load({ env: { MESH_STATE: '/var/mesh' } }).state).toBe('/var/mesh');
  });

  it('takes an empty file for none', () => {
    expect(load({ file: '# nothing yet\n' }).model).toBe('extractive');
  });

  it.each([
    ['MESH_TRUST_DOMAIN', 'example.org'],
    ['MESH_LOG_LEVEL', 'silent'],
    ['MESH_LOG_FORMAT', 'json'],
    ['MESH_MODEL', 'gemini'],
    ['MESH_GEMINI_MODEL', 'gemini-2.5-pro'],
    ['MESH_GEMINI_URL', 'https://proxy.example.org/gemini'],
    ['MESH_GEMINI_URL', 'http://127.0.0.1:9000'],
    ['MESH_TAVILY_URL', 'http://localhost:9000'],
    ['MESH_TAVILY_URL', 'http://[::1]:9000'],
    ['MESH_SVID_TTL', '6'],
    ['MESH_BIND', '::1'],
    ['MESH_PORT_WRITER', '0'],
    ['MESH_PORT_FACT_CHECKER', '65535'],
    ['MESH_MANAGEMENT_PORT_WRITER', '9000'],
    ['MESH_PEER_WRITER_URL', 'https://writer.agents.svc:4003'],
    ['MESH_GATEWAY_HOSTS', 'mesh.example.org,[::1]'],
    ['SPIFFE_ENDPOINT_SOCKET', 'unix:///run/spire/api.sock'],
    ['SPIFFE_ENDPOINT_SOCKET', 'tcp://127.0.0.1:8000'],
    ['MESH_RESILIENCE_GEMINI_RETRIES', '0'],
    ['MESH_RESILIENCE_GEMINI_RETRY_BUDGET_RATIO', '0.5'],
    ['MESH_RESILIENCE_FACT_CHECKER_BREAKER_RESET_MS', '500'],
    ['MESH_ISSUER_URL', 'https://login.example.org/realms/mesh'],
    ['MESH_ISSUER_URL', 'https://login.example.org/'],
    ['MESH_ISSUER_URL', 'http://mesh.localhost:4010'],
    ['MESH_ISSUER_URL', 'http://127.0.0.1:4010'],
    ['MESH_ISSUER_URL', 'http://[::1]:4010'],
    ['MESH_ISSUER_AGENTS_URL', 'https://issuer.mesh.svc:4011'],
    ['MESH_ISSUER_SPIFFE_ID', 'spiffe://mesh.local/ns/mesh/sa/issuer'],
    ['MESH_API_AUDIENCE', 'urn:mesh'],
    ['MESH_SESSION_SCOPE', 'offline_access profile'],
    ['MESH_TXN_TOKEN_TTL', '10'],
    ['MESH_TXN_TOKEN_TTL', '900'],
    ['MESH_TXN_TOKEN_MAX_ACTORS', '1'],
    ['MESH_TXN_TOKEN_MAX_ACTORS', '8'],
    ['MESH_LOG_USER_ID', 'subject'],
    ['MESH_ISSUER_PORT', '0'],
    ['MESH_ISSUER_AGENTS_PORT', '65535'],
  ])('takes %s=%s and shows it with its source', (variable, value) => {
    const rows = load({ env: { [variable]: value } }).rows();
    expect(rows.filter(({ source }) => source !== 'default')).toEqual([
      { key: expect.any(String), value, source: variable },
    ]);
  });

  it.each([
    ['MESH_TRUST_DOMAIN', 'Mesh.local'],
    ['MESH_TRUST_DOMAIN', 'spiffe://mesh.local/x'],
    ['MESH_LOG_LEVEL', 'INFO'],
    ['MESH_LOG_FORMAT', 'xml'],
    ['MESH_MODEL', 'gpt'],
    ['MESH_SEARCH', 'web'],
    ['MESH_GEMINI_MODEL', 'models/../x'],
    ['MESH_GEMINI_URL', 'http://generativelanguage.googleapis.com'],
    ['MESH_GEMINI_URL', 'https://user:pass@host'],
    ['MESH_GEMINI_URL', 'https://host/?key=x'],
    ['MESH_GEMINI_URL', 'https://host/#x'],
    ['MESH_GEMINI_URL', 'https://'],
    ['MESH_TAVILY_URL', 'file:///etc/passwd'],
    ['MESH_TAVILY_URL', 'http://127.0.0.1.example.org'],
    ['MESH_SVID_TTL', '1'],
    ['MESH_SVID_TTL', '1h'],
    ['MESH_SVID_TTL', '60.5'],
    ['MESH_SVID_TTL', '0x40'],
    ['MESH_SVID_TTL', ' 60'],
    ['MESH_BIND', 'localhost'],
    ['MESH_BIND', 'fe80::1%eth0'],
    ['MESH_STATE', 'a\0b'],
    ['MESH_PORT_WRITER', '65536'],
    ['MESH_PORT_WRITER', '-1'],
    ['MESH_PORT_WRITER', 'tcp://10.0.0.1:4003'],
    ['MESH_PEER_WRITER_URL', 'http://127.0.0.1:4003'],
    ['MESH_PEER_WRITER_URL', 'https://writer/path'],
    ['MESH_SESSION_SCOPE', 'offline_access  profile'],
    ['MESH_SESSION_SCOPE', 'profile profile'],
    ['MESH_GATEWAY_HOSTS', 'localhost:4000'],
    ['MESH_GATEWAY_HOSTS', 'a,,b'],
    ['MESH_GATEWAY_HOSTS', '*'],
    ['MESH_GATEWAY_HOSTS', '[127.0.0.1]'],
    ['SPIFFE_ENDPOINT_SOCKET', '/run/spire/api.sock'],
    ['SPIFFE_ENDPOINT_SOCKET', 'tcp://host:8000'],
    ['MESH_RESILIENCE_GEMINI_RETRIES', '11'],
    ['MESH_RESILIENCE_GEMINI_RETRIES', '1.5'],
    ['MESH_RESILIENCE_GEMINI_RETRIES', 'many'],
    ['MESH_RESILIENCE_GEMINI_RETRY_BUDGET_RATIO', '2'],
    ['MESH_RESILIENCE_GEMINI_BREAKER_RESET_MS', '1'],
    ['MESH_ISSUER_URL', 'http://login.example.org'],
    ['MESH_ISSUER_URL', 'http://127.0.0.1.example.org'],
    ['MESH_ISSUER_URL', 'http://localhost.example.org'],
    ['MESH_ISSUER_URL', 'https://user:pass@login.example.org'],
    ['MESH_ISSUER_URL', 'https://login.example.org/?realm=x'],
    ['MESH_ISSUER_URL', 'https://login.example.org/#x'],
    ['MESH_ISSUER_URL', 'login.example.org'],
    ['MESH_ISSUER_URL', `https://login.example.org/${'a'.repeat(512)}`],
    ['MESH_ISSUER_AGENTS_URL', 'http://127.0.0.1:4011'],
    ['MESH_ISSUER_AGENTS_URL', 'https://issuer:4011/jwks'],
    ['MESH_ISSUER_SPIFFE_ID', 'spiffe://mesh.local'],
    ['MESH_ISSUER_SPIFFE_ID', '/ns/mesh/sa/issuer'],
    ['MESH_ISSUER_SPIFFE_ID', 'https://mesh.local/ns/mesh/sa/issuer'],
    ['MESH_API_AUDIENCE', 'two words'],
    ['MESH_API_AUDIENCE', 'a'.repeat(256)],
    ['MESH_TXN_TOKEN_TTL', '9'],
    ['MESH_TXN_TOKEN_TTL', '901'],
    ['MESH_TXN_TOKEN_MAX_ACTORS', '0'],
    ['MESH_TXN_TOKEN_MAX_ACTORS', '9'],
    ['MESH_LOG_USER_ID', 'name'],
    ['MESH_ISSUER_PORT', '65536'],
  ])('refuses %s=%s by the variable’s name, without the value', (variable, value) => {
    const error = faultOf(() => load({ env: { [variable]: value } }));
    expect(error).toMatchObject({ code: 'ERR_CONFIG_INVALID', setting: variable });
    expect(error.message).toMatch(new RegExp(`^${variable} must be [^\n]+\\.$`));
    expect(error.message).not.toContain('undefined');
  });

  it('does not repeat a value that may be a key', () => {
    expect(faultOf(() => load({ env: { MESH_MODEL: 'AIza-planted' } })).message).toBe(
      'MESH_MODEL must be one of extractive, gemini.',
    );
  });

  it.each([
    ['MESH_DOCUMENT', 'did you mean MESH_DOCUMENTS?'],
    ['MESH_LOGLEVEL', 'did you mean MESH_LOG_LEVEL?'],
    ['MESH_', 'is not a setting'],
    ['MESH_NOTHING_LIKE_IT', 'is not a setting'],
    ['MESH_PORT_', 'is not a setting'],
    ['MESH_PORT_writer', 'is not a setting'],
    ['MESH_RESILIENCE_GEMINI_RETRY', 'is not a setting'],
    ['MESH_TXN_TOKEN_TL', 'did you mean MESH_TXN_TOKEN_TTL?'],
    ['MESH_GEMINI_KEY', 'keys are not taken from the environment: ./mesh secret set'],
  ])('refuses the unknown variable %s', (variable, words) => {
    const error = faultOf(() => load({ env: { [variable]: 'x' } }));
    expect(error).toMatchObject({ code: 'ERR_CONFIG_INVALID', setting: variable });
    expect(error.message).toContain(words);
  });

  it('leaves variables of others alone', () => {
    expect(load({ env: { PATH: '/bin', MESHES: 'x' } }).model).toBe('extractive');
  });

  it('refuses a flag by its name', () => {
    expect(faultOf(() => load({ flags: { logLevel: 'loud' } })).message).toMatch(
      /^--log-level must be one of trace/,
    );
    const flags = { nonsense: 'x' } as LoadConfigOptions['flags'] & object;
    expect(faultOf(() => load({ flags })).message).toBe('--nonsense is not a setting.');
  });

  it.each([
    ['documnets: x', 'mesh.yaml:1:1: documnets is not a setting (did you mean documents?).'],
    ['model: gemini\nlogLevel: 7', 'mesh.yaml:2:1: logLevel must be one of trace'],
    ['ports:\n  writer: x', 'mesh.yaml:2:3: ports.writer must be a port'],
    ['ports: 4000', 'mesh.yaml:1:1: ports is not a setting'],
    ['ports: { Writer: 4000 }', 'mesh.yaml:1:10: ports.Writer is not a setting'],
    ['ports: { writer: { a: 1 } }', 'mesh.yaml:1:20: ports.writer.a is not a setting'],
    ['nothing: {}', 'mesh.yaml:1:1: nothing is not a setting'],
    ['hosts: { gateway: [] }', 'mesh.yaml:1:10: hosts.gateway must be host names'],
    ['hosts: { gateway: [7] }', 'mesh.yaml:1:10: hosts.gateway must be host names'],
    ['svidTtlSeconds: true', 'mesh.yaml:1:1: svidTtlSeconds must be seconds'],
    ['documents:', 'mesh.yaml:1:1: documents must be a path'],
    ['- model', 'mesh.yaml must be a mapping'],
    ['model: gemini\nmodel: gemini', 'mesh.yaml:2:1: map keys must be unique'],
    ['model: &a gemini', 'mesh.yaml:1:11: an anchor (&) is not allowed'],
    ['constructor: x', 'mesh.yaml:1:1: constructor is not a setting'],
    ['__proto__: { model: x }', 'mesh.yaml:1:14: __proto__.model is not a setting'],
  ])('refuses the file "%s" with position and key', (file, words) => {
    const error = faultOf(() => load({ file }));
    expect(error.code).toBe('ERR_CONFIG_INVALID');
    expect(error.message).toContain(words);
    expect(error.message).not.toContain('\n');
  });

  it('refuses a value of the file also where it is overridden', () => {
    const run = () => load({ file: 'model: x', env: { MESH_MODEL: 'gemini' } });
    expect(faultOf(run).message).toContain('mesh.yaml:1:1: model must be');
  });

  it('refuses a file that is named and absent, a folder, or too large', () => {
    const named = (name: string) => faultOf(() => load({ env: { MESH_CONFIG: name } })).message;
    expect(named('none.yaml')).toBe(
      'MESH_CONFIG should be a file of settings, but it does not exist.',
    );
    expect(named('.')).toBe('MESH_CONFIG should be a file of settings, but it is not a file.');
    writeFileSync(join(cwd, 'large.yaml'), `# ${'x'.repeat(70_000)}`);
    expect(named('large.yaml')).toContain('it is larger than 65536 bytes');
    mkdirSync(join(cwd, 'mesh.yaml'));
    expect(faultOf(() => load()).message).toBe(
      'mesh.yaml should be a file of settings, but it is not a file.',
    );
  });
});

describe('the issuer', () => {
  const url = 'https://login.example.org';
  const agents = {
    MESH_ISSUER_AGENTS_URL: 'https://issuer.mesh.svc:4011',
    MESH_ISSUER_SPIFFE_ID: 'spiffe://mesh.local/ns/mesh/sa/issuer',
  };

  it('is found at its URL, or over mTLS as whom it must answer', () => {
    expect(load({ env: { MESH_ISSUER_URL: url } }).issuer()).toEqual({ url });
    const { MESH_ISSUER_AGENTS_URL: at, MESH_ISSUER_SPIFFE_ID: id } = agents;
    const issuer = load({ env: { MESH_ISSUER_URL: url, ...agents } }).issuer();
    expect(issuer).toMatchObject({ url, agents: { url: at } });
    expect(issuer?.agents?.spiffeId.toString()).toBe(id);
  });

  it.each(Object.entries(agents))('is refused with %s alone', (variable, value) => {
    const config = load({ env: { MESH_ISSUER_URL: url, [variable]: value } });
    expect(faultOf(() => config.issuer())).toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      message: 'MESH_ISSUER_AGENTS_URL and MESH_ISSUER_SPIFFE_ID are set together, or neither is.',
    });
  });

  it('issues for the API of the trust domain, or for what is said', () => {
    const audienceOf = (env: Record<string, string>) => load({ env }).audience();
    expect(audienceOf({ MESH_TRUST_DOMAIN: 'a.test' })).toBe('https://a.test/api');
    expect(audienceOf({ MESH_API_AUDIENCE: 'urn:mesh' })).toBe('urn:mesh');
  });
});

describe('settings of agents', () => {
  it('have defaults from agent.yaml', () => {
    const config = load();
    expect(config.port('writer', directory)).toBe(4001);
    expect(config.managementPort('writer', directory)).toBe(4101);
    expect(config.peerUrl('writer', directory)).toBe('https://127.0.0.1:4001');
    expect([...config.hosts('gateway')]).toEqual(['localhost', '127.0.0.1', 'mesh.localhost']);
  });

  it('come from file and environment', () => {
    const config = load({
      file: 'ports: { writer: 5000 }\npeers: { gateway: { url: "https://gateway:1/" } }\nhosts: { gateway: [Mesh.Example.ORG] }',
      env: { MESH_PORT_FACT_CHECKER: '0', MESH_MANAGEMENT_PORT_GATEWAY: '9000' },
    });
    expect(config.port('writer', directory)).toBe(5000);
    expect(config.managementPort('writer', directory)).toBe(5100);
    expect(config.peerUrl('writer', directory)).toBe('https://127.0.0.1:5000');
    expect(config.peerUrl('gateway', directory)).toBe('https://gateway:1');
    expect(config.port('fact-checker', directory)).toBe(0);
    expect(config.managementPort('fact-checker', directory)).toBe(0);
    expect(config.managementPort('gateway', directory)).toBe(9000);
    expect([...config.hosts('gateway')]).toEqual(['mesh.example.org']);
    expect([...config.hosts('writer')]).toContain('localhost');
  });

  it('ask for a management port where there is none above', () => {
    const config = load({ env: { MESH_PORT_WRITER: '65500' } });
    expect(faultOf(() => config.managementPort('writer', directory))).toMatchObject({
      code: 'ERR_CONFIG_INVALID',
      setting: 'MESH_MANAGEMENT_PORT_WRITER',
    });
  });

  it.each([
    ['MESH_PORT_WRITR', '1', 'did you mean writer?'],
    ['MESH_PEER_NOBODY_AT_ALL_URL', 'https://x', 'there are: gateway, writer, fact-checker'],
    ['MESH_RESILIENCE_GEMNI_RETRIES', '1', 'did you mean gemini?'],
    ['MESH_PORT_GEMINI', '1', 'does not exist'],
  ])('are refused for an agent that does not exist: %s', (variable, value, words) => {
    const error = faultOf(() => load({ env: { [variable]: value } }).port('gateway', directory));
    expect(error).toMatchObject({ code: 'ERR_CONFIG_INVALID', setting: variable });
    expect(error.message).toContain(words);
  });

  it('are refused for an agent that is not in the directory', () => {
    expect(() => load().port('nobody', directory)).toThrow(
      expect.objectContaining({ code: 'ERR_AGENT_UNKNOWN' }),
    );
  });
});

describe('resilience', () => {
  it('has defaults that are valid, tuned to agents and to each provider', () => {
    const config = load();
    const deadlines = ['writer', 'gemini', 'tavily'].map(
      (name) => parsePolicyOptions(name, config.resilience(name)).deadlineMs,
    );
    expect(deadlines).toEqual([120_000, 60_000, 20_000]);
  });

  it('is set option by option', () => {
    const config = load({
      file: 'resilience: { gemini: { retries: 0, breaker: { resetMs: 500, volumeThreshold: 3 } } }',
      env: { MESH_RESILIENCE_GEMINI_BREAKER_RESET_MS: '700' },
    });
    expect(config.resilience('gemini')).toMatchObject({
      deadlineMs: 60_000,
      retries: 0,
      breaker: { resetMs: 700, volumeThreshold: 3 },
    });
    expect(config.resilience('tavily')).not.toHaveProperty('retries');
  });

  it('is refused where options do not fit each other', () => {
    const env = {
      MESH_RESILIENCE_GEMINI_BACKOFF_BASE_MS: '900',
      MESH_RESILIENCE_GEMINI_BACKOFF_MAX_MS: '800',
    };
    const error = faultOf(() => load({ env }));
    expect(error.code).toBe('ERR_CONFIG_INVALID');
    expect(error.message).toMatch(/^MESH_RESILIENCE_GEMINI_BACKOFF_\w+_MS does not fit the others/);
  });

  it.each(['backoffBaseMs', 'backoffMaxMs'])(
    'takes %s alone within the other’s default',
    (option) => {
      const config = load({ file: `resilience: { gemini: { ${option}: 1500 } }` });
      expect(config.resilience('gemini')).toMatchObject({ [option]: 1500 });
    },
  );
});

describe('MeshConfig', () => {
  it('shows the agents’ settings with their sources', () => {
    const rows = load({ env: { MESH_PORT_WRITER: '5000' } }).rows(directory);
    expect(
      rows.filter(({ key }) => key.includes('writer') && !key.startsWith('resilience.')),
    ).toEqual([
      { key: 'ports.writer', value: '5000', source: 'MESH_PORT_WRITER' },
      { key: 'managementPorts.writer', value: '5100', source: 'MESH_PORT_WRITER' },
      { key: 'peers.writer.url', value: 'https://127.0.0.1:5000', source: 'default' },
    ]);
  });

  it('shows the policies of what is called, with the options that are set', () => {
    const rows = load({ env: { MESH_RESILIENCE_WRITER_RETRIES: '5' } }).rows(directory);
    const row = (key: string) => rows.find((other) => other.key === key);
    expect(row('resilience.writer.retries')).toEqual({
      key: 'resilience.writer.retries',
      value: '5',
      source: 'MESH_RESILIENCE_WRITER_RETRIES',
    });
    expect(row('resilience.gemini.breaker.resetMs')).toMatchObject({ source: 'default' });
  });

  it('shows the hosts of an agent for people, and no address or policy for calling it', () => {
    const keys = load({})
      .rows(directory)
      .map(({ key }) => key);
    expect(keys.filter((key) => key.includes('gateway'))).toEqual([
      'ports.gateway',
      'managementPorts.gateway',
      'hosts.gateway',
    ]);
  });

  it('takes a path in the home folder', () => {
    const config = load({ file: 'documents: ~/papers' });
    expect(config.documents).toBe(join(homedir(), 'papers'));
  });

  it('gives a child process the same configuration', () => {
    const config = load({
      file: 'ports: { fact-checker: 5000 }\nhosts: { gateway: [a.test, b.test] }\nresilience: { gemini: { retries: 1 } }',
      env: { MESH_MODEL: 'gemini', MESH_DOCUMENTS: 'papers' },
      flags: { logLevel: 'debug', documents: 'other' },
    });
    const env = config.environment();
    expect(env).toEqual({
      MESH_MODEL: 'gemini',
      MESH_DOCUMENTS: join(cwd, 'other'),
      MESH_LOG_LEVEL: 'debug',
      MESH_PORT_FACT_CHECKER: '5000',
      MESH_GATEWAY_HOSTS: 'a.test,b.test',
      MESH_RESILIENCE_GEMINI_RETRIES: '1',
    });
    const child = loadConfig({ env, cwd: '/', root: '/project' });
    const values = (of: MeshConfig) => of.rows(directory).map(({ key, value }) => [key, value]);
    expect(values(child)).toEqual(values(config));
  });
});
