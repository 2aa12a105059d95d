import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AgentFileError } from './agent-file.error.js';
import { AgentFile } from './agent-file.js';
import { agentFileSchema } from './agent-file.schema.js';

const VALID = `name: writer
identity: /ns/agents/sa/writer
actions:
  draft:write: { callers: [researcher, 'spiffe://other.test/ns/agents/sa/editor'] }
hosts: [generativelanguage.googleapis.com, localhost]
secrets: [gemini]
port: 4003
limits: { bodyBytes: 2048, deadlineMs: 500 }
`;

/** VALID with one line replaced or, if it has none with this member, added. */
function withLine(line: string): string {
  const member = line.split(':')[0];
  const lines = VALID.split('\n').filter((other) => !other.startsWith(`${member}:`));
  if (member === 'actions') lines.splice(2, 1);
  return [...lines, line].join('\n');
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

describe('AgentFile.parse', () => {
  it('takes a whole file', () => {
    const file = AgentFile.parse(VALID);
    expect(file).toMatchObject({
      name: 'writer',
      identity: '/ns/agents/sa/writer',
      hosts: ['generativelanguage.googleapis.com', 'localhost'],
      secrets: ['gemini'],
      port: 4003,
      limits: { bodyBytes: 2048, deadlineMs: 500 },
    });
    expect([...file.actions]).toEqual([
      ['draft:write', { callers: ['researcher', 'spiffe://other.test/ns/agents/sa/editor'] }],
    ]);
  });

  it('takes the least there can be, with the default limits and nobody allowed', () => {
    const file = AgentFile.parse('name: a\nidentity: /a\nport: 1');
    expect(file).toMatchObject({
      actsFor: undefined,
      sessionClient: undefined,
      apiClients: [],
      hosts: [],
      secrets: [],
      limits: { bodyBytes: 1_048_576, deadlineMs: 60_000 },
    });
    expect(file.actions.size).toBe(0);
  });

  it('takes for whom it acts, its clients and what is on its own business', () => {
    const file = AgentFile.parse(`${VALID.replace(
      / {2}draft:write.*\n/,
      '  draft:write: { callers: [researcher] }\n  token:exchange: { callers: delegates, delegated: false }\n',
    )}
actsFor: { roles: [analyst], groups: [], subjects: ['https://login.test/a#auth0|7', 'http://127.0.0.1:9#a#b'] }
sessionClient: mesh-web
apiClients: [mesh-cli, A.b_c-1]
`);
    expect(file).toMatchObject({
      actsFor: {
        roles: ['analyst'],
        groups: [],
        subjects: ['https://login.test/a#auth0|7', 'http://127.0.0.1:9#a#b'],
      },
      sessionClient: 'mesh-web',
      apiClients: ['mesh-cli', 'A.b_c-1'],
    });
    expect([...file.actions]).toEqual([
      ['draft:write', { callers: ['researcher'] }],
      ['token:exchange', { callers: 'delegates', delegated: false }],
    ]);
  });

  it('completes limits that are given in part', () => {
    expect(AgentFile.parse(withLine('limits: { deadlineMs: 500 }')).limits).toEqual({
      bodyBytes: 1_048_576,
      deadlineMs: 500,
    });
  });

  it.each([
    ['name', 'name: Writer'],
    ['name', 'name: writer-'],
    ['name', `name: ${'a'.repeat(64)}`],
    ['name', 'name: 7'],
    ['identity', 'identity: ns/agents/sa/writer'],
    ['identity', 'identity: /'],
    ['identity', 'identity: /ns//writer'],
    ['identity', 'identity: /ns/../writer'],
    ['identity', 'identity: /ns/writer/'],
    ['identity', 'identity: /ns/wri%74er'],
    ['identity', 'identity: spiffe://mesh.local/writer'],
    ['actions', 'actions: [draft:write]'],
    ['actions.draft', 'actions: { draft: { callers: [] } }'],
    ['actions.Draft:write', 'actions: { Draft:write: { callers: [] } }'],
    ['actions.draft:write', 'actions: { draft:write: [researcher] }'],
    ['actions.draft:write.callers', 'actions: { draft:write: {} }'],
    ['actions.draft:write.callers', 'actions: { draft:write: { callers: researcher } }'],
    ['actions.draft:write.callers', 'actions: { draft:write: { callers: [a, a] } }'],
    ['actions.draft:write.callers.0', 'actions: { draft:write: { callers: [7] } }'],
    ['actions.draft:write.callers.1', "actions: { draft:write: { callers: [a, ''] } }"],
    ['actions.draft:write.roles', 'actions: { draft:write: { callers: [], roles: [a] } }'],
    ['hosts', 'hosts: api.tavily.com'],
    ['hosts.0', 'hosts: [https://api.tavily.com]'],
    ['hosts.0', 'hosts: [api.tavily.com:443]'],
    ['hosts.0', "hosts: ['*.tavily.com']"],
    ['hosts.0', 'hosts: [API.tavily.com]'],
    ['hosts', 'hosts: [a.test, a.test]'],
    ['secrets.0', 'secrets: [../gemini]'],
    ['port', 'port: 0'],
    ['port', 'port: 65436'],
    ['port', 'port: 80.5'],
    ['port', "port: '4003'"],
    ['limits', 'limits: 5'],
    ['limits.bodyBytes', 'limits: { bodyBytes: 10 }'],
    ['limits.bodyBytes', 'limits: { bodyBytes: 99999999 }'],
    ['limits.deadlineMs', 'limits: { deadlineMs: 99 }'],
    ['limits.deadline', 'limits: { deadline: 500 }'],
    ['actions.draft:write.callers', 'actions: { draft:write: { callers: everybody } }'],
    ['actions.draft:write.delegated', 'actions: { draft:write: { callers: [], delegated: true } }'],
    ['actions.draft:write.delegated', 'actions: { draft:write: { callers: [], delegated: no } }'],
    ['actsFor', 'actsFor: [analyst]'],
    ['actsFor.role', 'actsFor: { role: [analyst] }'],
    ['actsFor.roles', 'actsFor: { roles: analyst }'],
    ['actsFor.roles', 'actsFor: { roles: [analyst, analyst] }'],
    ['actsFor.roles.1', "actsFor: { roles: [analyst, ''] }"],
    ['actsFor.groups.0', 'actsFor: { groups: [7] }'],
    ['actsFor.groups.0', `actsFor: { groups: [${'a'.repeat(129)}] }`],
    ['actsFor.subjects', 'actsFor: { subjects: https://login.test#anna }'],
    ['actsFor.subjects.0', 'actsFor: { subjects: [anna] }'],
    ['actsFor.subjects.0', 'actsFor: { subjects: [https://login.test] }'],
    ['actsFor.subjects.0', 'actsFor: { subjects: [https://login.test#] }'],
    ['actsFor.subjects.0', 'actsFor: { subjects: [ftp://login.test#anna] }'],
    ['sessionClient', "sessionClient: ''"],
    ['sessionClient', 'sessionClient: [mesh-web]'],
    ['sessionClient', 'sessionClient: -web'],
    ['apiClients', 'apiClients: mesh-cli'],
    ['apiClients', 'apiClients: [mesh-cli, mesh-cli]'],
    ['apiClients', `apiClients: [${Array.from({ length: 21 }, (_, at) => `c${at}`).join()}]`],
    ['apiClients.1', 'apiClients: [mesh-cli, mesh cli]'],
    ['constructor', 'constructor: x'],
    ['__proto__', '__proto__: { port: 1 }'],
  ])('refuses %s in "%s"', (member, line) => {
    expect(faultOf(() => AgentFile.parse(withLine(line)))).toMatchObject({
      code: 'ERR_AGENT_FILE_INVALID',
      member,
      file: 'agent.yaml',
    });
  });

  it.each(['name', 'identity', 'port'])('refuses a file without %s', (member) => {
    const text = VALID.replace(new RegExp(`^${member}:.*\n`, 'm'), '');
    expect(faultOf(() => AgentFile.parse(text))).toMatchObject({ member });
  });

  it.each([
    ['nothing', '', 'must be a mapping'],
    ['a list', '- a', 'must be a mapping'],
    ['a member twice', `${VALID}port: 4004\n`, 'map keys must be unique'],
    ['an anchor', VALID.replace('[gemini]', '&a [gemini]'), 'an anchor (&) is not allowed'],
    ['an alias', VALID.replace('[gemini]', '*a'), 'alias'],
    ['a tag', VALID.replace('4003', '!!str 4003'), 'a tag (!) is not allowed'],
    ['an unknown tag', VALID.replace('4003', '!port 4003'), 'tag'],
    ['two documents', `${VALID}---\n${VALID}`, 'multiple documents'],
    ['broken YAML', 'name: [', 'flow sequence'],
    ['a key that is no text', `${VALID}? [a]\n: b\n`, 'all keys must be strings'],
    ['brackets without end', '['.repeat(60_000), ''],
  ])('refuses %s in one line', (_, text, words) => {
    const error = faultOf(() => AgentFile.parse(text));
    expect(error.code).toBe('ERR_AGENT_FILE_INVALID');
    expect(error.message.toLowerCase()).toContain(words);
    expect(error.message).toMatch(/^agent\.yaml:\d+:\d+: [^\n]+\.$/);
  });

  it('refuses aliases that grow without bound', () => {
    const bomb = Array.from(
      { length: 30 },
      (_, level) =>
        `a${level}: &a${level} [${
          level === 0
            ? 'x'
            : Array(9)
                .fill(`*a${level - 1}`)
                .join()
        }]`,
    ).join('\n');
    expect(faultOf(() => AgentFile.parse(bomb)).code).toBe('ERR_AGENT_FILE_INVALID');
  });

  it('names file, line, column and member, and what was meant', () => {
    const text = VALID.replace('secrets:', 'secret:');
    expect(faultOf(() => AgentFile.parse(text, 'apps/writer/agent.yaml'))).toMatchObject({
      message: 'apps/writer/agent.yaml:6:1: secret is not a member (did you mean secrets?).',
      line: 6,
      column: 1,
    });
    expect(faultOf(() => AgentFile.parse(VALID.replace('2048', '1'))).message).toBe(
      'agent.yaml:8:22: limits.bodyBytes must be bytes, 1024 to 16777216.',
    );
    expect(faultOf(() => AgentFile.parse(`${VALID}actsFor: { roles: [a, ''] }\n`)).message).toBe(
      'agent.yaml:9:23: actsFor.roles.1 must be a name of 1 to 128 characters, as the issuer gives it.',
    );
    expect(
      faultOf(() => AgentFile.parse(withLine('actions: { a:b: { callers: all } }'))),
    ).toMatchObject({
      message:
        'agent.yaml:8:28: actions.a:b.callers must be a list of callers, each once, or delegates.',
      line: 8,
      column: 28,
    });
  });
});

describe('AgentFile.read', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'agent-file-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  function written(name: string, content: string | Buffer): string {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  }

  it('reads a file and names it relative to the current folder', () => {
    expect(AgentFile.read(written('valid.yaml', VALID), folder)).toMatchObject({
      name: 'writer',
      file: 'valid.yaml',
    });
    expect(AgentFile.read(join(folder, 'valid.yaml'), '/elsewhere')?.file).toBe(
      join(folder, 'valid.yaml'),
    );
  });

  it('finds none where there is none', () => {
    expect(AgentFile.read(join(folder, 'absent.yaml'), folder)).toBeUndefined();
  });

  it.each([
    [
      'larger than 64 KiB',
      () => written('large.yaml', `${VALID}# ${'x'.repeat(65_536)}`),
      'larger',
    ],
    ['not UTF-8', () => written('latin.yaml', Buffer.from([0x6e, 0xff])), 'not UTF-8'],
    [
      'a folder',
      () => (mkdirSync(join(folder, 'folder.yaml')), join(folder, 'folder.yaml')),
      'not a file',
    ],
    [
      'a file where a folder should be',
      () => join(written('valid.yaml', VALID), 'agent.yaml'),
      'ENOTDIR',
    ],
  ])('refuses what is %s', (_, make, words) => {
    const error = faultOf(() => {
      if (AgentFile.read(make(), folder) === undefined)
        throw new AgentFileError({ file: 'x' }, 'ENOTDIR');
    });
    expect(error.message).toContain(words);
    expect(error.code).toBe('ERR_AGENT_FILE_INVALID');
  });
});

describe('agent.schema.json', () => {
  it('is the schema that agent.yaml is checked with', () => {
    const json: unknown = JSON.parse(
      readFileSync(new URL('agent.schema.json', import.meta.url), 'utf8'),
    );
    expect(json).toEqual(agentFileSchema);
  });
});
