import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SpiffeId, TrustDomain } from '@mesh/spiffe';
import { AgentDirectory } from './agent-directory.js';
import { AgentFileError } from './agent-file.error.js';
import { AgentFile } from './agent-file.js';

const local = TrustDomain.parse('mesh.local');

function fileOf(
  name: string,
  callers: string[] = [],
  more: { port?: number; identity?: string } = {},
): AgentFile {
  const { port = 4000 + name.charCodeAt(0), identity = `/ns/agents/sa/${name}` } = more;
  const text = `name: ${name}\nidentity: ${identity}\nport: ${port}\nactions:\n  ${name}:do: { callers: ${JSON.stringify(callers)} }\n`;
  return AgentFile.parse(text, `agents/${name}/agent.yaml`);
}

function faultOf(run: () => unknown): AgentFileError {
  try {
    run();
  } catch (error) {
    if (error instanceof AgentFileError) return error;
    throw error;
  }
  throw new Error('It was accepted.');
}

describe('AgentDirectory', () => {
  const directory = AgentDirectory.of(
    [
      fileOf('alpha'),
      fileOf('beta', ['alpha', 'spiffe://other.test/ns/agents/sa/editor']),
      fileOf('gamma', ['beta', 'spiffe://mesh.local/ns/agents/sa/alpha']),
    ],
    local,
  );
  const id = (text: string) => SpiffeId.parse(text);

  it('derives identities', () => {
    expect(directory.names()).toEqual(['alpha', 'beta', 'gamma']);
    expect(directory.spiffeIdOf('beta').toString()).toBe('spiffe://mesh.local/ns/agents/sa/beta');
    expect(directory.nameOf(id('spiffe://mesh.local/ns/agents/sa/beta'))).toBe('beta');
    expect(directory.nameOf(id('spiffe://other.test/ns/agents/sa/beta'))).toBeUndefined();
    expect(directory.get('beta').name).toBe('beta');
    expect([directory.has('beta'), directory.has('delta')]).toEqual([true, false]);
  });

  it.each([
    ['beta', 'beta:do', 'spiffe://mesh.local/ns/agents/sa/alpha'],
    ['beta', 'beta:do', 'spiffe://other.test/ns/agents/sa/editor'],
    ['gamma', 'gamma:do', 'spiffe://mesh.local/ns/agents/sa/alpha'],
  ])('%s serves %s to %s', (agent, action, caller) => {
    expect(directory.mayCall(agent, action, id(caller))).toBe(true);
  });

  it.each([
    ['an agent that is not named', 'gamma', 'gamma:do', 'spiffe://mesh.local/ns/agents/sa/gamma'],
    [
      'the same path in another trust domain',
      'gamma',
      'gamma:do',
      'spiffe://other.test/ns/agents/sa/beta',
    ],
    [
      'another workload of that trust domain',
      'beta',
      'beta:do',
      'spiffe://other.test/ns/agents/sa/other',
    ],
    ['the trust domain itself', 'beta', 'beta:do', 'spiffe://mesh.local'],
    ['an action without callers', 'alpha', 'alpha:do', 'spiffe://mesh.local/ns/agents/sa/beta'],
    ['another agent’s action', 'gamma', 'beta:do', 'spiffe://mesh.local/ns/agents/sa/alpha'],
    ['an action nobody declares', 'beta', 'constructor', 'spiffe://mesh.local/ns/agents/sa/alpha'],
    ['an agent that is not there', 'delta', 'beta:do', 'spiffe://mesh.local/ns/agents/sa/alpha'],
  ])('denies %s', (_, agent, action, caller) => {
    expect(directory.mayCall(agent, action, id(caller))).toBe(false);
  });

  it('derives the edges, and whom an agent calls', () => {
    expect(directory.edges()).toEqual([
      { caller: 'alpha', agent: 'beta', action: 'beta:do', delegated: true },
      {
        caller: 'spiffe://other.test/ns/agents/sa/editor',
        agent: 'beta',
        action: 'beta:do',
        delegated: true,
      },
      { caller: 'beta', agent: 'gamma', action: 'gamma:do', delegated: true },
      { caller: 'alpha', agent: 'gamma', action: 'gamma:do', delegated: true },
    ]);
    expect(directory.peersOf('alpha')).toEqual(['beta', 'gamma']);
    expect(directory.peersOf('gamma')).toEqual([]);
  });

  it('derives what a call takes, with all that lies behind who serves it', () => {
    expect(directory.scopesFor('alpha', 'beta:do')).toEqual(['beta:do', 'gamma:do']);
    expect(directory.scopesFor('beta', 'gamma:do')).toEqual(['gamma:do']);
    // Served, but not to this caller: it leads nowhere.
    expect(directory.scopesFor('gamma', 'beta:do')).toEqual(['beta:do']);
    // Nor is it what the caller's other calls lead to.
    const wider = AgentDirectory.of(
      [
        ...['alpha', 'beta', 'gamma'].map((name) => directory.get(name)),
        fileOf('delta', ['alpha']),
      ],
      local,
    );
    expect(wider.scopesFor('alpha', 'delta:do')).toEqual(['delta:do']);
  });

  it('says which agents there are where one is unknown', () => {
    for (const ask of [() => directory.get('delta'), () => directory.spiffeIdOf('toString')]) {
      expect(ask).toThrow(expect.objectContaining({ code: 'ERR_AGENT_UNKNOWN' }));
    }
    expect(() => directory.get('delta')).toThrow('there are: alpha, beta, gamma');
  });

  it.each([
    ['name', [fileOf('alpha'), fileOf('alpha', [], { port: 1, identity: '/other' })]],
    ['identity', [fileOf('alpha'), fileOf('beta', [], { identity: '/ns/agents/sa/alpha' })]],
    ['port', [fileOf('alpha', [], { port: 1 }), fileOf('beta', [], { port: 1 })]],
  ])('refuses the same %s twice', (member, files) => {
    const error = faultOf(() => AgentDirectory.of(files, local));
    expect(error).toMatchObject({ code: 'ERR_AGENT_FILE_INVALID', member });
    expect(error.message).toContain('is the same as in agents/alpha/agent.yaml');
  });

  it.each([
    ['no agent', 'alpah', 'names no agent (did you mean alpha?)'],
    ['no agent at all', 'nobody-known', 'names no agent; there are: alpha, beta'],
    ['no agent of this trust domain', 'spiffe://mesh.local/ns/agents/sa/none', "no agent's"],
    ['no SPIFFE ID', 'https://other.test/x', 'is neither the name of an agent nor a SPIFFE ID'],
    [
      'a malformed SPIFFE ID',
      'spiffe://other.test//x',
      'is neither the name of an agent nor a SPIFFE ID',
    ],
    ['a whole trust domain', 'spiffe://other.test', 'is the ID of a trust domain'],
  ])('refuses a caller that is %s', (_, caller, words) => {
    const error = faultOf(() =>
      AgentDirectory.of([fileOf('alpha'), fileOf('beta', [caller])], local),
    );
    expect(error).toMatchObject({
      code: 'ERR_AGENT_FILE_INVALID',
      file: 'agents/beta/agent.yaml',
      line: 5,
      member: 'actions.beta:do.callers.0',
    });
    expect(error.message).toContain(words);
  });

  it('refuses a caller by name and by SPIFFE ID at once', () => {
    const callers = ['alpha', 'spiffe://mesh.local/ns/agents/sa/alpha'];
    const files = [fileOf('alpha'), fileOf('beta', callers)];
    expect(faultOf(() => AgentDirectory.of(files, local)).member).toBe('actions.beta:do.callers.1');
  });
});

describe('AgentDirectory, for whom', () => {
  const file = (name: string, port: number, more: string) =>
    AgentFile.parse(
      `name: ${name}\nidentity: /ns/agents/sa/${name}\nport: ${port}\n${more}`,
      `agents/${name}/agent.yaml`,
    );
  const idOf = (name: string) => SpiffeId.fromPath(local, `/ns/agents/sa/${name}`);
  const door = file(
    'door',
    1,
    'actsFor: { roles: [analyst] }\nsessionClient: web\napiClients: [cli]\n',
  );
  const middle = file(
    'middle',
    2,
    `actions:
  find:fast: { callers: [door, 'spiffe://other.test/editor'] }
  find:deep: { callers: [door] }
  find:status: { callers: [watcher], delegated: false }
actsFor: { groups: [staff], subjects: ['https://login.test#anna'] }
`,
  );
  const end = file('end', 3, 'actions: { write:text: { callers: [middle, end] } }\n');
  const watcher = file('watcher', 4, '');
  const service = file(
    'service',
    5,
    'actions:\n  token:exchange: { callers: delegates, delegated: false }\n',
  );
  const directory = AgentDirectory.of([door, middle, end, watcher, service], local);

  it('has a token service, called by whoever calls others for a person and by nobody else', () => {
    expect(directory.tokenService).toBe('service');
    expect(directory.tokenAction).toBe('token:exchange');
    const callers = ['door', 'middle', 'end', 'watcher', 'service'].filter((name) =>
      directory.mayCall('service', 'token:exchange', idOf(name)),
    );
    expect(callers).toEqual(['door', 'middle', 'end']);
    const foreign = SpiffeId.parse('spiffe://other.test/editor');
    expect(directory.mayCall('service', 'token:exchange', foreign)).toBe(false);
    expect(directory.peersOf('door')).toEqual(['middle', 'service']);
  });

  it('has none where none is declared', () => {
    const { tokenService, tokenAction } = AgentDirectory.of([door, watcher], local);
    expect([tokenService, tokenAction]).toEqual([undefined, undefined]);
  });

  it('refuses a second one', () => {
    const other = file(
      'other',
      6,
      'actions:\n  token:issue: { callers: delegates, delegated: false }\n',
    );
    expect(faultOf(() => AgentDirectory.of([door, watcher, service, other], local))).toMatchObject({
      code: 'ERR_AGENT_FILE_INVALID',
      member: 'actions.token:issue.callers',
      message:
        'agents/other/agent.yaml:5:27: actions.token:issue.callers is for delegates, as in agents/service/agent.yaml: there is one token service.',
      line: 5,
      column: 27,
    });
  });

  it('refuses one that would need a token itself', () => {
    const circular = file('service', 5, 'actions: { token:exchange: { callers: delegates } }\n');
    expect(faultOf(() => AgentDirectory.of([circular], local))).toMatchObject({
      code: 'ERR_AGENT_FILE_INVALID',
      member: 'actions.token:exchange.callers',
      message:
        'agents/service/agent.yaml:4:39: actions.token:exchange.callers is for delegates, so the action wants delegated: false.',
    });
  });

  it('says which actions are for persons; of what is not declared that it is', () => {
    expect(directory.isDelegated('middle', 'find:fast')).toBe(true);
    expect(directory.isDelegated('middle', 'find:status')).toBe(false);
    expect(directory.isDelegated('end', 'find:status')).toBe(true);
    expect(directory.isDelegated('service', 'token:exchange')).toBe(false);
    expect(directory.isDelegated('nobody', 'find:status')).toBe(true);
  });

  it('says what an agent serves to another for persons', () => {
    expect(directory.delegatedActions('middle', 'door')).toEqual(['find:fast', 'find:deep']);
    expect(directory.delegatedActions('middle', 'watcher')).toEqual([]);
    expect(directory.delegatedActions('service', 'door')).toEqual([]);
    expect(directory.delegatedActions('middle', 'spiffe://other.test/editor')).toEqual([
      'find:fast',
    ]);
  });

  it('says what a call may lead to, all the way, where an agent calls itself too', () => {
    expect(directory.actionsBehind('door')).toEqual(['find:fast', 'find:deep', 'write:text']);
    expect(directory.actionsBehind('middle')).toEqual(['write:text']);
    expect(directory.actionsBehind('end')).toEqual(['write:text']);
    expect(directory.actionsBehind('watcher')).toEqual([]);
  });

  it('has an edge for each pair of workloads once, of calls for persons alone', () => {
    expect(
      directory.workloadEdges().map(({ caller, callee }) => [caller.path, callee.path]),
    ).toEqual(
      [
        ['door', 'middle'],
        ['middle', 'end'],
        ['end', 'end'],
      ].map((pair) => pair.map((name) => `/ns/agents/sa/${name}`)),
    );
  });

  it('is the policy of the token service', () => {
    const policy = directory.exchangePolicy;
    const anna = { subject: 'https://login.test#anna', roles: [], groups: [] };
    const analyst = { subject: 'https://login.test#bert', roles: ['analyst'], groups: [] };
    const staff = { subject: 'https://login.test#cleo', roles: [], groups: ['staff'] };
    const actsFor = (name: string) =>
      [anna, analyst, staff].map((person) => policy.mayActFor(idOf(name), person));
    expect(actsFor('door')).toEqual([false, true, false]);
    expect(actsFor('middle')).toEqual([true, false, true]);
    expect(actsFor('end')).toEqual([false, false, false]);
    const clients = ['web', 'cli', 'other'].map((client) => policy.clientOf(idOf('door'), client));
    expect(clients).toEqual(['session', 'api', undefined]);
    expect(policy.clientOf(idOf('middle'), 'cli')).toBeUndefined();
    expect(policy.reaches(idOf('door'), 'write:text')).toBe(true);
    expect(policy.reaches(idOf('end'), 'find:fast')).toBe(false);
    // Nothing of the agents' own business is a scope.
    expect(
      ['find:fast', 'find:status', 'token:exchange'].map((one) => policy.knowsScope(one)),
    ).toEqual([true, false, false]);
    expect(policy.serves(idOf('middle'), 'find:fast', idOf('door'))).toBe(true);
    expect(policy.serves(idOf('middle'), 'find:status', idOf('watcher'))).toBe(false);
  });
});

describe('AgentDirectory.load', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'agents-'));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  function put(name: string, text: string): void {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'agent.yaml'), text);
  }

  it('reads each folder that has an agent.yaml', () => {
    put('b', 'name: beta\nidentity: /b\nport: 2\n');
    put('a', 'name: alpha\nidentity: /a\nport: 1\n');
    put('..data', 'name: alpha\nidentity: /a\nport: 1\n');
    mkdirSync(join(folder, 'web'));
    writeFileSync(join(folder, 'README.md'), '');
    mkdirSync(join(folder, 'empty'));
    rmSync(join(folder, 'README.md'));
    expect(AgentDirectory.load(folder, local).names()).toEqual(['alpha', 'beta']);
  });

  it('names the file at fault, relative to where one is', () => {
    put('a', 'name: alpha\nidentity: /a\nport: x\n');
    expect(faultOf(() => AgentDirectory.load(folder, local, folder)).message).toMatch(
      /^a\/agent\.yaml:3:7: port must be a port/,
    );
  });

  it('refuses a folder without any, and one that is not there', () => {
    expect(faultOf(() => AgentDirectory.load(folder, local)).message).toContain(
      'no folder in it has an agent.yaml',
    );
    expect(faultOf(() => AgentDirectory.load(join(folder, 'none'), local)).message).toContain(
      'ENOENT',
    );
  });

  it('takes the agents of this project: gateway calls researcher, researcher calls writer', () => {
    const apps = join(dirname(fileURLToPath(import.meta.url)), '../../../../apps');
    const directory = AgentDirectory.load(apps, local);
    // Whoever adds an agent here does not break this.
    const own = ['gateway', 'researcher', 'tts', 'writer'];
    expect(
      directory.edges().filter(({ caller, agent }) => own.includes(caller) && own.includes(agent)),
    ).toEqual([
      { caller: 'gateway', agent: 'researcher', action: 'research:fast', delegated: true },
      { caller: 'gateway', agent: 'researcher', action: 'research:deep', delegated: true },
      { caller: 'gateway', agent: 'researcher', action: 'documents:list', delegated: false },
      { caller: 'gateway', agent: 'researcher', action: 'agent:status', delegated: false },
      { caller: 'gateway', agent: 'tts', action: 'agent:status', delegated: false },
      { caller: 'researcher', agent: 'writer', action: 'draft:write', delegated: true },
      { caller: 'gateway', agent: 'writer', action: 'agent:status', delegated: false },
      { caller: 'gateway', agent: 'tts', action: 'token:exchange', delegated: false },
      { caller: 'researcher', agent: 'tts', action: 'token:exchange', delegated: false },
    ]);
  });
});
