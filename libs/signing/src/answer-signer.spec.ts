import { beforeAll, describe, expect, it } from '@jest/globals';
import { type KeyType, mintCa, type MintedCa } from '@test/kit';
import fc from 'fast-check';
import type { SpiffeId, X509Bundle, X509Svid } from '@mesh/identity';
import {
  actorsOf,
  canonicalJson,
  contentDigest,
  decodeUnverified,
  digestOf,
  MAX_STATEMENTS,
  requestDigest,
  sourceDigest,
  verifyAnswer,
} from '@mesh/provenance';
import {
  answeredRequest,
  bundleOf,
  CLIENT,
  edge,
  EDGES,
  GATEWAY,
  NOW,
  requestTo,
  RESEARCHER,
  SCOPE,
  serve,
  type Served,
  svidOf,
  TOKEN_HASH,
  trustOf,
  TXN,
  workload,
  WRITER,
} from '../test/agents.js';
import { type AnsweredRequest, AnswerRecord, AnswerSigner } from './index.js';

const KEYS = ['P-256', 'P-384', 'RSA-2048'] as const satisfies readonly KeyType[];
const HOUR = 3_600_000;

let ca: MintedCa;
let bundle: X509Bundle;
let gateway: X509Svid;
let researcher: X509Svid;
let writer: X509Svid;

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test' });
  bundle = bundleOf(ca);
  [gateway, researcher, writer] = (await Promise.all(
    [GATEWAY, RESEARCHER, WRITER].map((id) => svidOf(ca, id)),
  )) as [X509Svid, X509Svid, X509Svid];
});

interface Signing {
  readonly answered?: Partial<AnsweredRequest>;
  readonly record?: AnswerRecord;
  readonly now?: Date;
  readonly svid?: X509Svid;
  readonly id?: SpiffeId;
}

const sign = async (
  content: object,
  { answered, record = new AnswerRecord(), now = NOW, svid = gateway, id = GATEWAY }: Signing = {},
) => (await new AnswerSigner(id, svid).sign(content, answeredRequest(answered), record, now)).text;
const verify = async (text: string, root = GATEWAY, edges = EDGES) =>
  verifyAnswer(text, trustOf(bundle, root, edges), { now: NOW });
const noted = (note: (record: AnswerRecord) => void) => {
  const record = new AnswerRecord();
  note(record);
  return record;
};

describe('AnswerSigner', () => {
  it('says who made the content, for whom, to which request and from what', async () => {
    const source = { id: 1, title: 'Title', url: 'documents:///a.md', snippet: 'Passage' };
    const model = { kind: 'model', provider: 'embedded', name: 'extractive' } as const;
    const record = noted((it) => {
      it.source(source);
      it.producer(model);
      it.hostCall('api.example', 12);
      it.edit('redaction', 2);
      it.finding('email', 3);
    });
    const actors = [GATEWAY, workload('before')];
    const text = await sign({ answer: 'A', sources: [source] }, { record, answered: { actors } });
    const { content, nodes, verdict } = await verify(text);
    expect(verdict).toBe('valid');
    expect(content).toEqual({
      answer: 'A',
      requests: [requestTo('/v1/research')],
      sources: [source],
    });
    const { act, ...statement } = nodes[0]!.statement;
    expect(actorsOf(act).map(String)).toEqual(actors.map(String));
    expect(statement).toEqual({
      iss: GATEWAY,
      aud: CLIENT,
      txn: TXN,
      iat: Math.floor(NOW.getTime() / 1000),
      sub: 'user-7f',
      scope: SCOPE,
      tth: TOKEN_HASH,
      request: await requestDigest(requestTo('/v1/research')),
      content: await contentDigest(content),
      inputs: { statements: [], sources: [await sourceDigest(source)] },
      edits: [{ kind: 'redaction', count: 2 }],
      producers: [model],
      hosts: [{ host: 'api.example', bytes: 12 }],
      findings: [{ kind: 'email', count: 3 }],
    });
  });

  it('writes the canonical content, and the statements after it', async () => {
    const text = await sign({ b: '€', a: [1e30, null] });
    const { statements, ...content } = JSON.parse(text);
    expect(text).toBe(
      `${canonicalJson(content).slice(0, -1)},"statements":${JSON.stringify(statements)}}`,
    );
    expect(Object.keys(content)).toEqual(['a', 'b', 'requests']);
  });

  it('carries the request of a person whole, that of an agent by its digest', async () => {
    const request = requestTo('/v1/drafts');
    const requests = async (whole: boolean) =>
      JSON.parse(await sign({}, { answered: { request, whole } })).requests;
    expect(await requests(true)).toEqual([request]);
    expect(await requests(false)).toEqual([{ digest: await requestDigest(request) }]);
  });

  it.each(KEYS)('signs with a key of %s, below an intermediate as well', async (keyType) => {
    const algorithm = { 'P-256': 'ES256', 'P-384': 'ES384', 'RSA-2048': 'PS256' }[keyType];
    for (const issuer of [ca, await ca.intermediate()]) {
      const svid = await svidOf(issuer, GATEWAY, { keyType });
      const text = await sign({ answer: 'A' }, { svid });
      const { nodes } = await verify(text);
      expect(decodeUnverified(nodes[0]!.compact).algorithm).toBe(algorithm);
      expect(nodes[0]!.chain.authority.equals(bundle.authorities[0]!)).toBe(true);
    }
  });

  it('signs with what the source has at that time', async () => {
    const next = await svidOf(ca, GATEWAY);
    const svids = [gateway, next, gateway];
    const signer = new AnswerSigner(GATEWAY, { getX509Svid: () => svids.shift()! });
    for (const expected of [gateway, next, gateway]) {
      const body = await signer.sign({}, answeredRequest(), new AnswerRecord(), NOW);
      const { nodes } = await verify(body.text);
      const [leaf] = decodeUnverified(nodes[0]!.compact).certificates;
      expect(leaf?.equals(expected.leaf)).toBe(true);
    }
  });

  it('gives a body that serializers write as the same JSON', async () => {
    const body = await new AnswerSigner(GATEWAY, gateway).sign(
      { answer: 'A' },
      answeredRequest(),
      new AnswerRecord(),
      NOW,
    );
    expect(JSON.stringify(body)).toBe(body.text);
  });

  it('does not sign as another', async () => {
    await expect(sign({}, { svid: writer })).rejects.toMatchObject({
      code: 'ERR_SIGNING_IDENTITY',
    });
    await expect(sign({}, { svid: writer, id: WRITER })).resolves.toBeDefined();
  });

  it('does not sign before or after its SVID is valid', async () => {
    const notBefore = new Date(NOW.getTime() - 500);
    const notAfter = new Date(notBefore.getTime() + HOUR);
    const svid = await svidOf(ca, GATEWAY, { notBefore, notAfter });
    for (const now of [notBefore, NOW, notAfter, new Date(notAfter.getTime() + 999)]) {
      const trust = trustOf(bundle, GATEWAY);
      await expect(
        verifyAnswer(await sign({}, { svid, now }), trust, { now }),
      ).resolves.toBeDefined();
    }
    for (const now of [new Date(notBefore.getTime() - 1), new Date(notAfter.getTime() + 1000)]) {
      await expect(sign({}, { svid, now })).rejects.toMatchObject({
        code: 'ERR_SIGNING_SVID_NOT_VALID',
      });
    }
    const short = await ca.intermediate({ notAfter: new Date(NOW.getTime() + HOUR / 2) });
    const below = await svidOf(short, GATEWAY, { notAfter });
    await expect(sign({}, { svid: below, now: notAfter })).rejects.toMatchObject({
      code: 'ERR_SIGNING_SVID_NOT_VALID',
    });
  });

  it('passes on why there is no SVID', async () => {
    const failure = new Error('withdrawn');
    const signer = new AnswerSigner(GATEWAY, {
      getX509Svid: () => {
        throw failure;
      },
    });
    await expect(signer.sign({}, answeredRequest(), new AnswerRecord(), NOW)).rejects.toBe(failure);
  });

  class Dto {
    answer = 'A';
  }
  class Speaker extends Dto {
    toJSON(): object {
      return { answer: 'B' };
    }
  }
  it.each<[string, object]>([
    ['a plain object', { answer: 'A' }],
    ['an object of a class', new Dto()],
    ['an object without prototype', Object.assign(Object.create(null), { answer: 'A' })],
  ])('takes %s', async (_, content) => {
    expect((await verify(await sign(content))).content).toMatchObject({ answer: 'A' });
  });

  it.each<[string, object]>([
    ['a list', ['A']],
    ['a date', new Date()],
    ['a map', new Map()],
    ['bytes', Buffer.from('A')],
    ['a function', () => 'A'],
    ['what speaks for itself', { toJSON: () => ({}) }],
    ['what speaks for itself by its class', new Speaker()],
    ['requests of its own', { requests: [] }],
    ['statements of its own', { statements: [] }],
    ['undefined in it', { answer: undefined }],
    ['a date in it', { at: new Date() }],
    ['half a character in it', { answer: '\ud83d' }],
    ['a number that is none in it', { score: NaN }],
    ['too many levels', JSON.parse('{"a":'.repeat(33) + '1' + '}'.repeat(33))],
  ])('refuses %s', async (_, content) => {
    await expect(sign(content)).rejects.toMatchObject({ code: 'ERR_SIGNING_CONTENT' });
  });

  it('refuses a request that has no digest', async () => {
    const request = { ...requestTo('/'), body: { question: '\ud83d' } };
    for (const whole of [true, false]) {
      await expect(sign({}, { answered: { request, whole } })).rejects.toMatchObject({
        code: 'ERR_SIGNING_REQUEST',
        cause: expect.objectContaining({ code: 'ERR_ANSWER_JSON_STRING' }),
      });
    }
  });

  it.each<[string, (record: AnswerRecord) => void]>([
    ['a host with its path', (record) => record.hostCall('api.example/path', 1)],
    ['half a byte', (record) => record.hostCall('api.example', 0.5)],
    ['an edit of many words', (record) => record.edit('many words')],
    ['too many findings', (it) => Array.from({ length: 65 }, (_, i) => it.finding(`kind-${i}`))],
    ['the same answer twice', (record) => [1, 2].forEach(() => record.input(['a'], ['1']))],
  ])('refuses a record with %s', async (_, note) => {
    await expect(sign({}, { record: noted(note) })).rejects.toMatchObject({
      code: 'ERR_SIGNING_STATEMENT',
    });
  });

  it('refuses more than an answer may hold', async () => {
    const long = (length: number) => sign({ answer: 'a'.repeat(length) });
    await expect(verify(await long(4_190_000))).resolves.toBeDefined();
    await expect(long(4_194_304)).rejects.toMatchObject({ code: 'ERR_SIGNING_STATEMENT' });
    const inputs = (count: number) => {
      const names = Array.from({ length: count }, (_, index) => `s${index}`);
      return sign({}, { record: noted((record) => record.input(names, names)) });
    };
    await expect(inputs(MAX_STATEMENTS - 1)).resolves.toBeDefined();
    await expect(inputs(MAX_STATEMENTS)).rejects.toMatchObject({ code: 'ERR_SIGNING_STATEMENT' });
  });

  it('refuses whoever does not say on whose behalf', async () => {
    await expect(sign({}, { answered: { actors: [] } })).rejects.toThrow(TypeError);
    await expect(sign({}, { answered: { scope: [] } })).rejects.toMatchObject({
      code: 'ERR_SIGNING_STATEMENT',
    });
    await expect(sign({}, { answered: { subject: '' } })).rejects.toMatchObject({
      code: 'ERR_SIGNING_STATEMENT',
      cause: expect.objectContaining({ code: 'ERR_ANSWER_MEMBER_INVALID' }),
    });
  });
});

describe('the answers of several agents', () => {
  const served = (svid: X509Svid, ...calls: Served[]): Served => ({
    svid,
    content: { by: svid.id.path },
    calls,
  });
  const answer = (plan: Served, edges = EDGES) => serve(plan, answeredRequest(), bundle, edges);
  const namesOf = async (text: string, edges = EDGES) => {
    const { nodes, edges: named } = await verify(text, GATEWAY, edges);
    return {
      by: nodes.map(({ statement }) => statement.iss.path),
      requests: nodes.map(({ request }) => request),
      edges: named.map(({ outer, inner }) => [outer, inner]),
    };
  };

  it('hold for two', async () => {
    expect(await namesOf(await answer(served(gateway, served(researcher))))).toEqual({
      by: ['/gateway', '/researcher'],
      requests: ['checked', 'attested'],
      edges: [[0, 1]],
    });
  });

  it('hold for three in a row, each with a key of another kind', async () => {
    const [p384, rsa] = await Promise.all([
      svidOf(ca, RESEARCHER, { keyType: 'P-384' }),
      svidOf(ca, WRITER, { keyType: 'RSA-2048' }),
    ]);
    const text = await answer(served(gateway, served(p384, served(rsa))));
    expect((await namesOf(text)).by).toEqual(['/gateway', '/researcher', '/writer']);
    const { nodes } = await verify(text);
    expect(nodes.map(({ statement }) => actorsOf(statement.act).map(({ path }) => path))).toEqual([
      ['/gateway'],
      ['/gateway'],
      ['/researcher', '/gateway'],
    ]);
    expect(nodes[1]?.statement.inputs.statements).toEqual([await digestOf(nodes[2]!.compact)]);
    expect(nodes.map(({ compact }) => decodeUnverified(compact).algorithm)).toEqual([
      'ES256',
      'ES384',
      'PS256',
    ]);
  });

  it('hold for two inputs, one with an input of its own, and one agent called twice', async () => {
    const plan = served(
      gateway,
      served(researcher, served(writer)),
      served(writer),
      served(writer),
    );
    const text = await answer(plan);
    expect(await namesOf(text)).toEqual({
      by: ['/gateway', '/researcher', '/writer', '/writer', '/writer'],
      requests: ['checked', 'attested', 'attested', 'attested', 'attested'],
      edges: [
        [0, 1],
        [1, 2],
        [0, 3],
        [0, 4],
      ],
    });
    const { nodes } = await verify(text);
    expect(nodes[0]?.statement.inputs.statements).toEqual(
      [1, 3, 4].map((place) => nodes[place]?.digest),
    );
  });

  it('hold for any tree of calls (property)', async () => {
    const ids = [GATEWAY, ...Array.from({ length: 5 }, (_, index) => workload(`agent-${index}`))];
    const svids = [gateway, ...(await Promise.all(ids.slice(1).map((id) => svidOf(ca, id))))];
    const edges = ids.flatMap((caller) => ids.map((callee) => edge(caller, callee)));
    // Of each call after the first: by which of those before it, and to whom.
    const calls = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 5 })), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(calls, async (made) => {
        const all = [{ ...served(gateway), calls: [] as Served[] }];
        for (const [by, callee] of made) {
          const one = { ...served(svids[callee]!), calls: [] as Served[] };
          all[by % all.length]!.calls.push(one);
          all.push(one);
        }
        const walk = ({ svid, calls: inner = [] }: Served): string[] => [
          svid.id.path,
          ...inner.flatMap(walk),
        ];
        const text = await answer(all[0]!, edges);
        expect((await namesOf(text, edges)).by).toEqual(walk(all[0]!));
      }),
      { numRuns: 20 },
    );
  });

  it('are what was signed, whatever the content (property)', async () => {
    const name = fc
      .string({ unit: 'binary' })
      .filter((text) => !['requests', 'statements', 'sources', 'toJSON'].includes(text));
    const value = fc.jsonValue({ maxDepth: 4, stringUnit: 'binary' });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, value), async (content) => {
        const verified = await verify(await sign(content));
        const { requests: _, ...rest } = verified.content;
        expect(canonicalJson(rest)).toBe(canonicalJson(content));
      }),
      { numRuns: 100 },
    );
  });
});
