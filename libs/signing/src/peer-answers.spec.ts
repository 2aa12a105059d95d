import { beforeAll, describe, expect, it } from '@jest/globals';
import { mintCa, type MintedCa } from '@test/kit';
import {
  BundleError,
  SpiffeId,
  X509Bundle,
  X509BundleSet,
  type X509BundleSource,
  X509Svid,
} from '@mesh/identity';
import { canonicalJson, type JsonObject, requestDigest } from '@mesh/provenance';
import {
  answeredRequest,
  bundleOf,
  edge,
  EDGES,
  GATEWAY,
  NOW,
  requestTo,
  RESEARCHER,
  SCOPE,
  serve,
  svidOf,
  TOKEN_HASH,
  TXN,
  WRITER,
} from '../test/agents.js';
import { type AnsweredRequest, PeerAnswers, type PeerCall } from './index.js';

const REQUEST = requestTo('/v1/research');

let ca: MintedCa;
let bundle: X509Bundle;
let researcher: X509Svid;
let writer: X509Svid;
/** The researcher's answer to the gateway, made from one of the writer. */
let body: string;
let call: PeerCall;

const answerOf = (
  svid: X509Svid,
  changes: Partial<AnsweredRequest> = {},
  of: X509Bundle = bundle,
) => serve({ svid, content: { answer: 'A' } }, toGateway(changes), of);
const toGateway = (changes: Partial<AnsweredRequest> = {}) =>
  answeredRequest({
    audience: GATEWAY.toString(),
    request: REQUEST,
    whole: false,
    ...changes,
  });
const verify = (text: string, changes: Partial<PeerCall> = {}, by = bundle, edges = EDGES) =>
  new PeerAnswers(by, edges, GATEWAY).verify(text, { ...call, ...changes });
const at = (milliseconds: number) => new Date(NOW.getTime() + milliseconds);

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test' });
  bundle = bundleOf(ca);
  [researcher, writer] = (await Promise.all([RESEARCHER, WRITER].map((id) => svidOf(ca, id)))) as [
    X509Svid,
    X509Svid,
  ];
  call = {
    peer: RESEARCHER,
    txn: TXN,
    delegation: { subject: 'user-7f', actors: [GATEWAY], scope: SCOPE, tokenHash: TOKEN_HASH },
    request: await requestDigest(REQUEST),
    now: NOW,
  };
  body = await serve(
    { svid: researcher, content: { answer: 'A' }, calls: [{ svid: writer, content: {} }] },
    toGateway(),
    bundle,
  );
});

describe('PeerAnswers', () => {
  it('takes the answer of the peer that was called, as text or as read', async () => {
    for (const document of [body, JSON.parse(body) as JsonObject]) {
      const answers = new PeerAnswers(bundle, EDGES, GATEWAY);
      const { content, nodes, verdict } = await answers.verify(document, call);
      expect(verdict).toBe('valid');
      expect(content.answer).toBe('A');
      expect(nodes.map(({ statement }) => statement.iss.path)).toEqual(['/researcher', '/writer']);
    }
  });

  it.each<[string, () => Promise<unknown>, string]>([
    ['an unsigned answer', () => verify('{"answer":"A"}'), 'ERR_ANSWER_UNSIGNED'],
    ['what is no JSON', () => verify('A'), 'ERR_ANSWER_JSON_SYNTAX'],
    ['changed content', () => verify(body.replace('"A"', '"B"')), 'ERR_ANSWER_CONTENT'],
    ['another peer', () => verify(body, { peer: WRITER }), 'ERR_ANSWER_ROOT'],
    ['another transaction', () => verify(body, { txn: 'txn-2' }), 'ERR_ANSWER_TXN'],
    [
      'an answer for another person',
      async () => verify(await answerOf(researcher, { subject: 'user-8a' })),
      'ERR_ANSWER_SUBJECT',
    ],
    [
      'an answer that tells of other actors',
      async () => verify(await answerOf(researcher, { actors: [GATEWAY, WRITER] })),
      'ERR_ANSWER_ACTORS',
    ],
    [
      'an answer that tells of fewer actors',
      async () => verify(await answerOf(researcher, { actors: [WRITER] })),
      'ERR_ANSWER_ACTORS',
    ],
    [
      'an answer to a call with another token',
      async () => verify(await answerOf(researcher, { tokenHash: 'A'.repeat(43) })),
      'ERR_ANSWER_TOKEN',
    ],
    [
      'an answer that tells of more scopes',
      async () => verify(await answerOf(researcher, { scope: [...SCOPE, 'documents:list'] })),
      'ERR_ANSWER_SCOPE',
    ],
    [
      'an answer that tells of fewer scopes',
      async () => verify(await answerOf(researcher, { scope: SCOPE.slice(1) })),
      'ERR_ANSWER_SCOPE',
    ],
    [
      'another request',
      async () =>
        verify(body, { request: await requestDigest({ ...REQUEST, nonce: 'another-one' }) }),
      'ERR_ANSWER_REQUEST',
    ],
    [
      'an answer to another caller',
      async () => verify(await answerOf(researcher, { audience: WRITER.toString() })),
      'ERR_ANSWER_AUDIENCE',
    ],
    ['an old answer', () => verify(body, { now: at(301_000) }), 'ERR_ANSWER_IAT_OLD'],
    ['one from the future', () => verify(body, { now: at(-62_000) }), 'ERR_ANSWER_IAT_FUTURE'],
    [
      'an edge that is not declared',
      () => verify(body, {}, bundle, [edge(GATEWAY, RESEARCHER)]),
      'ERR_ANSWER_EDGE',
    ],
    [
      'the CA of somebody else',
      async () => verify(body, {}, bundleOf(await mintCa({ trustDomain: 'mesh.test' }))),
      'ERR_ANSWER_CHAIN',
    ],
    [
      'an SVID that ended since',
      async () => {
        const svid = await svidOf(ca, RESEARCHER, { notAfter: at(1000) });
        return verify(await answerOf(svid), { now: at(2000) });
      },
      'ERR_ANSWER_NOT_VALID_AT',
    ],
  ])('refuses %s', async (_, verifying, code) => {
    await expect(verifying()).rejects.toMatchObject({ code });
  });

  it('verifies a chain once, whatever is signed with it', async () => {
    const answers = new PeerAnswers(bundle, EDGES, GATEWAY);
    const chainOf = async (text: string) => (await answers.verify(text, call)).nodes[0]?.chain;
    const first = await chainOf(body);
    // A verdict that is remembered is the very object.
    expect(await chainOf(body)).toBe(first);
    expect(await chainOf(await answerOf(researcher))).toBe(first);
    expect(await chainOf(await answerOf(await svidOf(ca, RESEARCHER)))).not.toBe(first);
    expect(await chainOf(body)).toBe(first);
  });

  it('verifies it anew once the bundle is another, and by that one', async () => {
    const next = await mintCa({ trustDomain: 'mesh.test' });
    let current = bundle;
    const source: X509BundleSource = { getX509BundleForTrustDomain: () => current };
    const answers = new PeerAnswers(source, EDGES, GATEWAY);
    const chain = async () => (await answers.verify(body, call)).nodes[0]?.chain;
    const first = await chain();
    current = bundleOf(next, ca);
    expect(await chain()).not.toBe(first);
    // The same authorities, whoever wrote them and in whatever order.
    const second = await chain();
    current = bundleOf(ca, next);
    expect(await chain()).toBe(second);
    current = bundleOf(next);
    await expect(chain()).rejects.toMatchObject({
      code: 'ERR_ANSWER_CHAIN',
      cause: expect.objectContaining({ code: 'ERR_CHAIN_UNTRUSTED' }),
    });
    current = bundle;
    expect(await chain()).toBe(first);
  });

  it('judges by the bundle that there was when the answer came', async () => {
    const sources = [bundle, bundleOf(await mintCa({ trustDomain: 'mesh.test' }))];
    const source: X509BundleSource = { getX509BundleForTrustDomain: () => sources.shift()! };
    const answers = new PeerAnswers(source, EDGES, GATEWAY);
    await expect(answers.verify(body, call)).resolves.toBeDefined();
    await expect(answers.verify(body, call)).rejects.toMatchObject({ code: 'ERR_ANSWER_CHAIN' });
  });

  it('reads a bundle once, as long as it is the same', async () => {
    let read = 0;
    const watched = Object.create(bundle, {
      authorities: { get: () => ((read += 1), bundle.authorities) },
    }) as X509Bundle;
    const answers = new PeerAnswers({ getX509BundleForTrustDomain: () => watched }, EDGES, GATEWAY);
    await answers.verify(body, call);
    const first = read;
    expect(first).toBeGreaterThan(0);
    await answers.verify(body, call);
    expect(read).toBe(first);
  });

  it('remembers no chain beyond its end, and none that was refused', async () => {
    const svid = await svidOf(ca, RESEARCHER, { notBefore: at(-500), notAfter: at(10_000) });
    const text = await answerOf(svid);
    const answers = new PeerAnswers(bundle, EDGES, GATEWAY);
    await expect(answers.verify(text, call)).resolves.toBeDefined();
    await expect(answers.verify(text, { ...call, now: at(11_000) })).rejects.toMatchObject({
      code: 'ERR_ANSWER_NOT_VALID_AT',
    });
    const stranger = await answerOf(
      await svidOf(await mintCa({ trustDomain: 'mesh.test' }), RESEARCHER),
    );
    const refused = () => answers.verify(stranger, call).catch((error: unknown) => error);
    expect([await refused(), await refused()]).toEqual(
      Array(2).fill(expect.objectContaining({ code: 'ERR_ANSWER_CHAIN' })),
    );
  });

  it('says so where there is no bundle', async () => {
    const peer = SpiffeId.parse('spiffe://other.test/researcher');
    await expect(verify(body, { peer })).rejects.toMatchObject({
      code: 'ERR_ANSWER_CHAIN',
      cause: expect.any(BundleError),
    });
  });
});

describe('a peer of another trust domain', () => {
  const peer = SpiffeId.parse('spiffe://other.test/researcher');
  let theirs: MintedCa;
  let both: X509BundleSet;

  beforeAll(async () => {
    theirs = await mintCa({ trustDomain: 'other.test' });
    both = X509BundleSet.of(bundle, X509Bundle.parsePem(peer.trustDomain, theirs.certificatePem));
  });

  const answers = () => new PeerAnswers(both, EDGES, GATEWAY);

  it('is verified by the bundle of its own', async () => {
    const text = await answerOf(await svidOf(theirs, peer));
    await expect(answers().verify(text, { ...call, peer })).resolves.toMatchObject({
      verdict: 'valid',
    });
  });

  it('is not vouched for by ours, nor ours by its', async () => {
    const foreign = await answerOf(await svidOf(ca, peer));
    await expect(answers().verify(foreign, { ...call, peer })).rejects.toMatchObject({
      code: 'ERR_ANSWER_CHAIN',
    });
    const ours = await answerOf(await svidOf(theirs, RESEARCHER));
    await expect(answers().verify(ours, call)).rejects.toMatchObject({ code: 'ERR_ANSWER_CHAIN' });
  });

  it('is not taken for one of ours', async () => {
    const text = await answerOf(await svidOf(theirs, peer));
    await expect(answers().verify(text, call)).rejects.toMatchObject({
      code: 'ERR_ANSWER_TRUST_DOMAIN',
    });
    await expect(answers().verify(body, { ...call, peer })).rejects.toMatchObject({
      code: 'ERR_ANSWER_TRUST_DOMAIN',
    });
  });
});

describe('an answer that was verified', () => {
  it('is what was verified, whatever becomes of the object meanwhile', async () => {
    const read = JSON.parse(body) as { answer: string } & JsonObject;
    const verifying = new PeerAnswers(bundle, EDGES, GATEWAY).verify(read, call);
    read.answer = 'B';
    const { content, nodes } = await verifying;
    expect(content.answer).toBe('A');
    const statements = nodes.map(({ compact }) => compact);
    expect(canonicalJson({ ...content, statements })).toBe(canonicalJson(JSON.parse(body)));
  });
});
