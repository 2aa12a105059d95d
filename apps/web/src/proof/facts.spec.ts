import { describe, expect, it } from '@jest/globals';
import { factsOf, questionOf, titleOf } from './facts.js';
import type { Item } from './layout.js';
import type { VerifiedView, ViewNode } from './view.js';

const NOW = new Date(2026, 10, 25, 14, 30);
const iat = new Date(2026, 10, 25, 14, 2).getTime() / 1000;
const id = (name: string) => `spiffe://mesh.test/ns/agents/sa/${name}`;

function node(name: string, statement: object = {}, more: object = {}): ViewNode {
  return {
    statement: {
      ...{ iss: id(name), aud: 'mesh-gateway', txn: 'txn-1', sub: 'pseudonym', iat, tth: 'T' },
      ...{ request: 'R', content: 'C', actors: [id('gateway')], scope: ['draft:write'] },
      ...{ inputs: { statements: [], sources: [] } },
      ...{ producers: [], hosts: [], edits: [], findings: [] },
      ...statement,
    },
    ...{ digest: 'D', verdict: 'valid', request: 'attested', content: 'attested' },
    certificate: {
      serialNumber: '5f',
      notBefore: new Date(2026, 10, 25, 14, 0).toISOString(),
      notAfter: new Date(2026, 10, 25, 15, 0).toISOString(),
      retired: false,
    },
    ...more,
  };
}

const model = {
  ...{ kind: 'model', provider: 'gemini', name: 'flash' },
  tokens: { input: 1834, output: 412 },
};
const view = {
  content: { requests: [{ body: { question: 'Why?' } }] },
  edges: [{ outer: 0, inner: 1 }],
  nodes: [
    node(
      'gateway',
      { edits: [{ kind: 'redaction', count: 2 }], scope: ['research:deep', 'draft:write'] },
      { content: 'checked' },
    ),
    node('writer', {
      producers: [model],
      hosts: [{ host: 'api.example', bytes: 8123 }],
      inputs: { statements: [], sources: ['S'] },
      actors: [id('gateway'), id('before')],
    }),
  ],
  sources: [{ source: { id: 1, title: 'Title' }, digest: 'S', namedBy: [1] }],
} as unknown as VerifiedView;

const fact = (item: Item, name: string, of = view) =>
  factsOf(of, item, NOW).find((one) => one.name === name);

describe('factsOf', () => {
  it('says what a statement says, in words', () => {
    expect(fact(1, 'SPIFFE ID')?.value).toBe(id('writer'));
    expect(fact(1, 'Certificate serial')?.value).toBe('5f');
    expect(fact(1, 'Certificate valid')?.value).toBe('14:00 to 15:00');
    expect(fact(1, 'Signed at')).toEqual({ name: 'Signed at', value: '14:02' });
    expect(fact(1, 'Made by')?.value).toBe('model flash of gemini: 1,834 tokens in, 412 out');
    expect(fact(1, 'Hosts called')?.value).toBe('api.example (8,123 bytes sent)');
    expect(fact(1, 'On behalf of')?.value).toBe('pseudonym through gateway ← before');
    expect(fact(0, 'Scopes')?.value).toBe('research:deep draft:write');
    expect(fact(1, 'Scopes')?.value).toBe('draft:write');
    expect(fact(1, 'Made from')?.value).toBe('1 source');
    expect(fact(0, 'Made from')?.value).toBe('the statement of writer');
    expect(fact(0, 'Changes made')?.value).toBe('redaction (2)');
    expect(fact(0, 'Hosts called')?.value).toBe('none');
  });

  it('tells apart what was checked here, and what is vouched for', () => {
    expect(fact(0, 'Digest of the content')?.note).toMatch(/^Checked/);
    expect(fact(1, 'Digest of the content')?.note).toMatch(/^Attested.*vouches/);
    expect(fact(1, 'Digest of the request')?.note).toMatch(/^Attested/);
  });

  it('says whose word the time of an archived statement is', () => {
    const verdict = 'valid at its iat, time claimed by the signer';
    const old = node('writer', {}, { verdict });
    const retired = { ...old, certificate: { ...old.certificate, retired: true } };
    const archived = { ...view, nodes: [retired] } as VerifiedView;
    expect(fact(0, 'Signed at', archived)?.note).toMatch(/^By its own word/);
    expect(fact(0, 'Certificate valid', archived)?.note).toMatch(/retired/);
  });

  it('says for whom, and from which sources', () => {
    expect(fact('person', 'Question')?.value).toBe('Why?');
    expect(fact('person', 'Pseudonym')?.value).toBe('pseudonym');
    expect(fact('person', 'Acts for them')?.value).toBe('gateway, before');
    expect(factsOf(view, 'sources', NOW)).toEqual([
      expect.objectContaining({
        name: '[1] Title',
        value: 'S',
        note: expect.stringContaining('signed by writer'),
      }),
    ]);
    expect(factsOf(view, 7, NOW)).toEqual([]);
  });
});

describe('questionOf', () => {
  it.each([
    [{}],
    [{ requests: [] }],
    [{ requests: [{ digest: 'D' }] }],
    [{ requests: [{ body: null }] }],
    [{ requests: [{ body: { question: 1 } }] }],
  ])('finds none in %j', (content) => {
    expect(questionOf(content as VerifiedView['content'])).toBeUndefined();
  });
});

describe('titleOf', () => {
  it('names each part', () => {
    expect((['person', 'sources', 0, 1] as const).map((item) => titleOf(view, item))).toEqual([
      'The person',
      'The sources',
      'gateway',
      'writer, who wrote it',
    ]);
  });
});
