import { describe, expect, it } from '@jest/globals';
import { DIGEST, GATEWAY, statement } from '../test/answers.js';
import {
  actorsOf,
  type JsonValue,
  MAX_ACTORS,
  parseStatement,
  serializeStatement,
} from './index.js';

const payload = (): Record<string, unknown> => JSON.parse(serializeStatement(statement()));
const parse = (value: unknown) => parseStatement(value as JsonValue);
const TOOL = { kind: 'tool', provider: 'a', name: 'b' };
const actors = (depth: number): object =>
  depth === 1 ? { sub: GATEWAY.toString() } : { sub: GATEWAY.toString(), act: actors(depth - 1) };
const scopes = (count: number) => Array.from({ length: count }, (_, index) => `scope:${index}`);

describe('parseStatement', () => {
  it('reads what serializeStatement writes', () => {
    const full = statement({
      act: { sub: GATEWAY, act: { sub: GATEWAY } },
      inputs: { statements: [DIGEST], sources: [DIGEST] },
      edits: [{ kind: 'redaction.email', count: 2 }],
      producers: [
        {
          ...{ kind: 'model', provider: 'gemini', name: 'gemini-2.5-flash' },
          tokens: { input: 900, output: 0 },
        },
        { kind: 'tool', provider: 'embedded', name: 'Documents of mine' },
      ],
      hosts: [{ host: 'api.example.org:8443', bytes: 1200 }],
      findings: [{ kind: 'prompt-injection', count: 0 }],
    });
    expect(parse(JSON.parse(serializeStatement(full)))).toEqual(full);
    expect(actorsOf(full.act)).toEqual([GATEWAY, GATEWAY]);
  });

  it('refuses whatever is no object', () => {
    for (const value of [null, [], 'a', 1]) {
      expect(() => parse(value)).toThrow(
        expect.objectContaining({ code: 'ERR_ANSWER_MEMBER_INVALID' }),
      );
    }
  });

  it.each(Object.keys(payload()))('refuses a statement without %s', (name) => {
    const value = payload();
    delete value[name];
    expect(() => parse(value)).toThrow(
      expect.objectContaining({ code: 'ERR_ANSWER_MEMBER_MISSING' }),
    );
  });

  it.each([
    ['at the top', { exp: 1 }],
    ['in inputs', { inputs: { statements: [], sources: [], more: [] } }],
    ['in act', { act: { sub: GATEWAY.toString(), iss: 'x' } }],
    [
      'in tokens',
      {
        producers: [{ ...TOOL, tokens: { input: 1, output: 1, total: 2 } }],
      },
    ],
    ['in a tally', { edits: [{ kind: 'a', count: 1, text: 'secret' }] }],
  ])('refuses a member that is not known %s', (_, change) => {
    expect(() => parse({ ...payload(), ...change })).toThrow(
      expect.objectContaining({ code: 'ERR_ANSWER_MEMBER_UNKNOWN' }),
    );
  });

  it.each([
    { iss: 'mesh.test/gateway' },
    { iss: 1 },
    { aud: '' },
    { aud: 'a b' },
    { aud: ['a'] },
    { aud: 'a'.repeat(2049) },
    { txn: 'a'.repeat(129) },
    { sub: 'ä' },
    { sub: 'a'.repeat(257) },
    { iat: 1.5 },
    { iat: -1 },
    { iat: '1' },
    { act: null },
    { act: { sub: 'x' } },
    { act: actors(MAX_ACTORS + 1) },
    { scope: 'draft:write' },
    { scope: [] },
    { scope: [''] },
    { scope: ['draft:write research:deep'] },
    { scope: ['a"b'] },
    { scope: ['a\\b'] },
    { scope: ['ä'] },
    { scope: [1] },
    { scope: ['a'.repeat(65)] },
    { scope: ['draft:write', 'draft:write'] },
    { scope: scopes(65) },
    { tth: 'abc' },
    { request: `${DIGEST.slice(0, -1)}B` },
    { content: null },
    { inputs: { statements: Array(17).fill(DIGEST), sources: [] } },
    { inputs: { statements: [], sources: Array(101).fill(DIGEST) } },
    { inputs: { statements: {}, sources: [] } },
    { edits: Array(65).fill({ kind: 'a', count: 1 }) },
    { edits: [{ kind: 'A', count: 1 }] },
    { findings: [{ kind: 'a', count: 2 ** 53 }] },
    { producers: [{ kind: 'person', provider: 'a', name: 'b' }] },
    { producers: [{ kind: 'tool', provider: 'a'.repeat(65), name: 'b' }] },
    { producers: [{ kind: 'tool', provider: 'a', name: 'b'.repeat(201) }] },
    { producers: [{ kind: 'tool', provider: 'a', name: 'ü' }] },
    { producers: [{ ...TOOL, tokens: null }] },
    { producers: [{ ...TOOL, tokens: { input: -1, output: 1 } }] },
    { producers: [{ ...TOOL, tokens: { input: 1, output: 1.5 } }] },
    { producers: [{ ...TOOL, tokens: { input: '1', output: 1 } }] },
    { hosts: [{ host: 'a/b', bytes: 1 }] },
    { hosts: [{ host: 'a', bytes: -1 }] },
  ])('refuses %j', (change) => {
    expect(() => parse({ ...payload(), ...change })).toThrow(
      expect.objectContaining({ code: 'ERR_ANSWER_MEMBER_INVALID' }),
    );
  });

  it('takes as many actors as there may be', () => {
    expect(() => parse({ ...payload(), act: actors(MAX_ACTORS) })).not.toThrow();
  });

  it('takes as many scopes as there may be, of any character that scopes have, in their order', () => {
    for (const scope of [scopes(64), ['z', '!#[]~', 'a'.repeat(64)]]) {
      expect(parse({ ...payload(), scope }).scope).toEqual(scope);
    }
  });

  it('takes no producer with half of its tokens', () => {
    expect(() => parse({ ...payload(), producers: [{ ...TOOL, tokens: { input: 1 } }] })).toThrow(
      expect.objectContaining({ code: 'ERR_ANSWER_MEMBER_MISSING' }),
    );
  });

  it('does not write what nobody reads', () => {
    expect(() => serializeStatement(statement({ txn: '' }))).toThrow(
      expect.objectContaining({ code: 'ERR_ANSWER_MEMBER_INVALID' }),
    );
  });
});
