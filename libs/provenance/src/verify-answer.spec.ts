import { beforeAll, describe, expect, it } from '@jest/globals';
import { mintCa, type MintedCa } from '@test/kit';
import { Certificate, SpiffeId, spiffeIdOfLeaf, TrustDomain } from '@mesh/spiffe';
import {
  type AnswerBody,
  answerOf,
  type AnswerPlan,
  DIGEST,
  DOMAIN,
  GATEWAY,
  IAT,
  NOW,
  RESEARCHER,
  signerOf,
  SOURCES,
  statement,
  trustOf,
  WRITER,
} from '../test/answers.js';
import {
  type AnswerOptions,
  AnswerVerifier,
  type ArchiveDocument,
  type CanonicalRequest,
  chainCheck,
  contentDigest,
  digestOf,
  type JsonObject,
  parseStatement,
  requestDigest,
  signStatement,
  sourceDigest,
  type Statement,
  type StatementSigner,
  type TrustDocument,
  verifyAnswer,
} from './index.js';

const HOUR = 3600;
const at = (seconds: number) => new Date((IAT + seconds) * 1000);
const CLAIMED = 'valid at its iat, time claimed by the signer';

let ca: MintedCa;
let signers: Omit<AnswerPlan, 'changes'>;
let trust: TrustDocument;
let right: AnswerBody;

async function signersOf(issuer: MintedCa): Promise<Omit<AnswerPlan, 'changes'>> {
  const [gateway, researcher, writer] = await Promise.all(
    [GATEWAY, RESEARCHER, WRITER].map(async (id) =>
      signerOf(
        await issuer.issue({ uri: id.toString(), notBefore: at(-HOUR), notAfter: at(HOUR) }),
      ),
    ),
  );
  return { gateway, researcher, writer } as Omit<AnswerPlan, 'changes'>;
}

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test', notBefore: at(-24 * HOUR) });
  signers = await signersOf(ca);
  trust = trustOf(ca.certificateDer);
  right = await answerOf(signers);
});

const made = (changes: AnswerPlan['changes'] = {}) => answerOf({ ...signers, changes });
const verify = (
  body: object,
  times: AnswerOptions = { now: NOW },
  by = trust,
  archive?: ArchiveDocument,
) => verifyAnswer(JSON.stringify(body), by, { ...times, ...(archive ? { archive } : {}) });
const refuses = async (body: object, code: string, at?: number) =>
  expect(verify(body)).rejects.toMatchObject(at === undefined ? { code } : { code, statement: at });

/** The right answer with other content, signed by the gateway as it is. */
async function delivering(change: (body: AnswerBody) => object, by = signers.gateway) {
  const { statements, ...body } = structuredClone(right);
  const content = change(body as AnswerBody);
  const payload = Buffer.from(statements[0]?.split('.')[1] ?? '', 'base64url').toString();
  const old = parseStatement(JSON.parse(payload));
  const root = await signStatement({ ...old, content: await contentDigest(content) }, by);
  return { ...content, statements: [root, ...statements.slice(1)] };
}

describe('verifyAnswer', () => {
  it('explains who said what, for whom and from what', async () => {
    const answer = await verify(right);
    expect({ ...answer.content, statements: right.statements }).toEqual(right);
    expect(answer.verdict).toBe('valid');
    expect(answer.trust).toMatch(/^[\w-]{43}$/);
    expect(answer.edges).toEqual([
      { outer: 0, inner: 1 },
      { outer: 1, inner: 2 },
    ]);
    expect(
      answer.nodes.map(({ statement: { iss, aud, sub }, ...node }) => [
        String(iss),
        aud,
        sub,
        node.content,
        node.request,
        node.retired,
      ]),
    ).toEqual([
      ['spiffe://mesh.test/gateway', 'mesh-cli', 'user-7f', 'checked', 'checked', false],
      ['spiffe://mesh.test/researcher', String(GATEWAY), 'user-7f', 'attested', 'attested', false],
      ['spiffe://mesh.test/writer', String(RESEARCHER), 'user-7f', 'attested', 'checked', false],
    ]);
    expect(answer.nodes[2]?.digest).toBe(await digestOf(right.statements[2] ?? ''));
    expect(answer.sources.map(({ source, namedBy }) => [source.id, namedBy])).toEqual([
      [1, [1, 2]],
      [2, [1, 2]],
    ]);
  });

  it('takes what was read of the text', async () => {
    const read = right as unknown as JsonObject;
    await expect(new AnswerVerifier(trust).verify(read, { now: NOW })).resolves.toMatchObject({
      verdict: 'valid',
    });
  });

  it('says what it verified, whatever becomes of the object meanwhile', async () => {
    const read = structuredClone(right);
    const verifying = new AnswerVerifier(trust).verify(read as unknown as JsonObject, { now: NOW });
    const [source] = read.sources;
    if (source) source.snippet = 'Other';
    expect((await verifying).content.sources).toEqual(SOURCES);
    const late = { ...right, sources: [{ ...SOURCES[0], toJSON: () => SOURCES[0] }, SOURCES[1]] };
    await expect(
      new AnswerVerifier(trust).verify(late as unknown as JsonObject, { now: NOW }),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_JSON_VALUE' });
  });

  it('takes members and white space in any order', async () => {
    const reversed = Object.fromEntries(Object.entries(right).reverse());
    const text = JSON.stringify(reversed, null, 2);
    await expect(verifyAnswer(text, trust, { now: NOW })).resolves.toBeDefined();
  });

  it('takes a gateway that had no peer', async () => {
    const request = { method: 'POST', path: '/', nonce: 'n', body: null };
    const content = { requests: [request] };
    const root = await signStatement(
      statement({
        content: await contentDigest(content),
        request: await requestDigest(request),
      }),
      signers.gateway,
    );
    const answer = await verify({ ...content, statements: [root] });
    expect(answer).toMatchObject({ edges: [], sources: [], verdict: 'valid' });
  });

  it.each<[string, (body: AnswerBody) => object, string]>([
    ['is no object', () => [], 'ERR_ANSWER_DOCUMENT'],
    ['has no statements', ({ statements: _, ...body }) => body, 'ERR_ANSWER_UNSIGNED'],
    ['has an empty list of them', (body) => ({ ...body, statements: [] }), 'ERR_ANSWER_UNSIGNED'],
    ['has other than a list', (body) => ({ ...body, statements: 'a' }), 'ERR_ANSWER_DOCUMENT'],
    ['has other than texts', (body) => ({ ...body, statements: [1] }), 'ERR_ANSWER_DOCUMENT'],
    [
      'has too many',
      (body) => ({ ...body, statements: Array(17).fill('a') }),
      'ERR_ANSWER_STATEMENTS_TOO_MANY',
    ],
  ])('refuses what %s', async (_, change, code) => refuses(change(right), code));

  it('refuses a text with a member twice', async () => {
    const text = JSON.stringify(right).replace('{', '{"answer":"Other",');
    await expect(verifyAnswer(text, trust, { now: NOW })).rejects.toMatchObject({
      code: 'ERR_ANSWER_JSON_DUPLICATE_MEMBER',
    });
  });

  it.each<[string, (s: string[], other: string[]) => (string | undefined)[], string]>([
    ['in reverse', (s) => s.toReversed(), 'ERR_ANSWER_ORDER'],
    ['with the inner ones exchanged', ([a, b, c]) => [a, c, b], 'ERR_ANSWER_ORDER'],
    ['with the outer ones exchanged', ([a, b, c]) => [b, a, c], 'ERR_ANSWER_ORDER'],
    ['without the outermost', ([, b, c]) => [b, c], 'ERR_ANSWER_ROOT'],
    ['without the middle one', ([a, , c]) => [a, c], 'ERR_ANSWER_INPUT_MISSING'],
    ['without the last', ([a, b]) => [a, b], 'ERR_ANSWER_INPUT_MISSING'],
    ['with one twice', ([a, b, c]) => [a, b, c, c], 'ERR_ANSWER_STATEMENT_TWICE'],
    [
      'with one of another answer',
      ([a, b, c], o) => [a, b, c, o[2]],
      'ERR_ANSWER_STATEMENT_UNNAMED',
    ],
    [
      'with one of another answer before',
      ([a, b, c], o) => [a, o[2], b, c],
      'ERR_ANSWER_STATEMENT_UNNAMED',
    ],
    [
      'with one exchanged for that of another',
      ([a, b], o) => [a, b, o[2]],
      'ERR_ANSWER_INPUT_MISSING',
    ],
    ['with all inner ones of another', ([a], o) => [a, o[1], o[2]], 'ERR_ANSWER_INPUT_MISSING'],
    ['with all of another', (_, o) => o, 'ERR_ANSWER_CONTENT'],
  ])('refuses statements %s', async (_, change, code) => {
    const other = await delivering((body) => ({ ...body, answer: 'Other' }));
    const foreign = await made({ writer: { tth: DIGEST.replace('x', 'y') } });
    const others = code === 'ERR_ANSWER_CONTENT' ? other.statements : foreign.statements;
    await refuses({ ...right, statements: change(right.statements, others) }, code);
  });

  it('takes an input that is named once, and none that is named twice', async () => {
    const digest = await digestOf(right.statements[1] ?? '');
    const twice = await made({
      gateway: { inputs: { statements: [digest, digest], sources: [] } },
    });
    await refuses(twice, 'ERR_ANSWER_INPUT_TWICE');
  });

  it('takes two inputs in the order in which they are named', async () => {
    const writer = (txn: string) =>
      signStatement(statement({ iss: WRITER, aud: String(GATEWAY), tth: txn }), signers.writer);
    const inner = [await writer(DIGEST), await writer(DIGEST.replace('x', 'y'))];
    const request = { method: 'GET', path: '/', nonce: 'n', body: null };
    const requests = [request, { digest: DIGEST }, { digest: DIGEST }];
    const root = await signStatement(
      statement({
        content: await contentDigest({ requests }),
        request: await requestDigest(request),
        inputs: { statements: await Promise.all(inner.map(digestOf)), sources: [] },
      }),
      signers.gateway,
    );
    const own = { ...trust, edges: [{ caller: GATEWAY, callee: WRITER }] };
    const of = (...statements: (string | undefined)[]) =>
      verify({ requests, statements }, { now: NOW }, own);
    await expect(of(root, ...inner)).resolves.toMatchObject({
      edges: [
        { outer: 0, inner: 1 },
        { outer: 0, inner: 2 },
      ],
    });
    await expect(of(root, inner[1], inner[0])).rejects.toMatchObject({ code: 'ERR_ANSWER_ORDER' });
  });

  it.each<[string, AnswerPlan['changes'], string, number]>([
    ['an inner audience', { writer: { aud: String(GATEWAY) } }, 'ERR_ANSWER_AUDIENCE', 2],
    ['another transaction', { writer: { txn: 'txn-2' } }, 'ERR_ANSWER_TXN_DIFFERS', 2],
    ['another person', { researcher: { sub: 'user-8' } }, 'ERR_ANSWER_SUBJECT_DIFFERS', 1],
    ['an actor left out', { writer: { act: { sub: RESEARCHER } } }, 'ERR_ANSWER_ACTORS', 2],
    ['another actor', { researcher: { act: { sub: WRITER } } }, 'ERR_ANSWER_ACTORS', 1],
    ['a scope more', { writer: { scope: ['draft:write', 'x'] } }, 'ERR_ANSWER_SCOPE', 2],
    ['a scope that the first one lacks', { gateway: { scope: ['x'] } }, 'ERR_ANSWER_SCOPE', 1],
    [
      'an input younger than its statement',
      { writer: { iat: IAT + 120 } },
      'ERR_ANSWER_TIME_ORDER',
      2,
    ],
    ['another request', { writer: { request: DIGEST } }, 'ERR_ANSWER_REQUEST', 2],
    ['another attested request', { researcher: { request: DIGEST } }, 'ERR_ANSWER_REQUEST', 1],
    ['another request of the root', { gateway: { request: DIGEST } }, 'ERR_ANSWER_REQUEST', 0],
    ['another content', { gateway: { content: DIGEST } }, 'ERR_ANSWER_CONTENT', 0],
    [
      'a time outside the certificate',
      { writer: { iat: IAT - 2 * HOUR } },
      'ERR_ANSWER_IAT_OUTSIDE_CERTIFICATE',
      2,
    ],
  ])('refuses %s', async (_, changes, code, place) => {
    const now = code === 'ERR_ANSWER_TIME_ORDER' ? at(600) : NOW;
    await expect(verify(await made(changes), { now })).rejects.toMatchObject({
      code,
      statement: place,
    });
  });

  it('takes the same scopes in any order, and fewer', async () => {
    for (const scope of [['draft:write', 'research:deep'], ['draft:write']]) {
      const answer = await verify(await made({ researcher: { scope } }));
      expect(answer.nodes.map(({ statement }) => statement.scope)).toEqual([
        ['research:deep', 'draft:write'],
        scope,
        ['draft:write'],
      ]);
    }
  });

  it('refuses an edge that is not declared, and takes it once it is', async () => {
    const edges = trust.edges.slice(0, 1);
    await expect(verify(right, { now: NOW }, { ...trust, edges })).rejects.toMatchObject({
      code: 'ERR_ANSWER_EDGE',
      statement: 2,
    });
    // The other way round is another edge.
    const back = [...edges, { caller: WRITER, callee: RESEARCHER }];
    await expect(verify(right, { now: NOW }, { ...trust, edges: back })).rejects.toMatchObject({
      code: 'ERR_ANSWER_EDGE',
    });
  });

  it('refuses a whole answer that another workload signed as the gateway', async () => {
    await expect(
      verify(await answerOf({ ...signers, gateway: signers.writer })),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_CERTIFICATE_ID', statement: 0 });
    const own = await answerOf({
      ...signers,
      gateway: signers.writer,
      changes: { gateway: { iss: WRITER } },
    });
    await refuses(own, 'ERR_ANSWER_ROOT', 0);
  });

  it('refuses the researcher signing as the writer', async () => {
    await refuses(
      await answerOf({ ...signers, writer: signers.researcher }),
      'ERR_ANSWER_CERTIFICATE_ID',
      2,
    );
  });

  it.each<[string, (body: AnswerBody) => object, string]>([
    ['no requests', ({ requests: _, ...body }) => body, 'ERR_ANSWER_REQUESTS'],
    [
      'a request too few',
      (body) => ({ ...body, requests: body.requests.slice(1) }),
      'ERR_ANSWER_REQUESTS',
    ],
    [
      'a request of the root that is a digest',
      (b) => ({ ...b, requests: [{ digest: DIGEST }, ...b.requests.slice(1)] }),
      'ERR_ANSWER_REQUESTS',
    ],
    [
      'a request with more',
      (b) => ({ ...b, requests: [{ ...b.requests[0], more: 1 }, ...b.requests.slice(1)] }),
      'ERR_ANSWER_REQUESTS',
    ],
    [
      'a request that is none',
      (b) => ({ ...b, requests: ['a', ...b.requests.slice(1)] }),
      'ERR_ANSWER_REQUESTS',
    ],
    ['sources that are no list', (b) => ({ ...b, sources: {} }), 'ERR_ANSWER_SOURCES'],
    [
      'a source without snippet',
      (b) => ({ ...b, sources: [{ id: 1, title: 'a', url: 'b' }] }),
      'ERR_ANSWER_SOURCES',
    ],
    ['a source that is none', (b) => ({ ...b, sources: [null] }), 'ERR_ANSWER_SOURCES'],
    ['a number twice', (b) => ({ ...b, sources: [SOURCES[0], SOURCES[0]] }), 'ERR_ANSWER_SOURCES'],
    [
      'too many sources',
      (b) => ({ ...b, sources: Array(101).fill(SOURCES[0]) }),
      'ERR_ANSWER_SOURCES',
    ],
    [
      'a source that nobody names',
      (b) => ({ ...b, sources: [{ ...SOURCES[0], snippet: 'x' }] }),
      'ERR_ANSWER_SOURCE_UNNAMED',
    ],
  ])('refuses content with %s, though it is signed', async (_, change, code) => {
    await refuses(await delivering(change), code);
  });

  it('takes a source that the gateway names, and sources with further members', async () => {
    const edited = { ...(SOURCES[0] as AnswerBody['sources'][0]), snippet: '[redacted]' };
    const body = await delivering((content) => ({
      ...content,
      sources: [{ ...edited, score: 2 }],
    }));
    await refuses(body, 'ERR_ANSWER_SOURCE_UNNAMED');
    const payload = parseStatement(
      JSON.parse(Buffer.from(body.statements[0]?.split('.')[1] ?? '', 'base64url').toString()),
    );
    const inputs = { ...payload.inputs, sources: [await sourceDigest(edited)] };
    const root = await signStatement({ ...payload, inputs }, signers.gateway);
    await expect(
      verify({ ...body, statements: [root, ...body.statements.slice(1)] }),
    ).resolves.toMatchObject({
      sources: [{ namedBy: [0] }],
    });
  });

  it('refuses members of the prototype and statements deeper down that were not signed', async () => {
    await expect(
      verifyAnswer(JSON.stringify(right).replace('{', '{"__proto__":{},'), trust, { now: NOW }),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_CONTENT' });
    const deeper = { ...right, sources: [{ ...SOURCES[0], statements: [] }, SOURCES[1]] };
    await refuses(deeper, 'ERR_ANSWER_CONTENT');
  });
});

describe('the time of an answer', () => {
  it('is claimed by the signer once the certificates ran out', async () => {
    const later = await verify(right, { now: at(2 * HOUR) });
    expect(later.verdict).toBe(CLAIMED);
    expect(later.nodes.map(({ verdict }) => verdict)).toEqual([CLAIMED, CLAIMED, CLAIMED]);
  });

  it('is known where the caller knows it', async () => {
    const now = at(48 * HOUR);
    expect((await verify(right, { now, at: at(HOUR) })).verdict).toBe('valid');
    for (const [time, code] of [
      [at(HOUR + 1), 'ERR_ANSWER_NOT_VALID_AT'],
      [at(-HOUR), 'ERR_ANSWER_IAT_FUTURE'],
      [at(49 * HOUR), 'ERR_ANSWER_NOT_VALID_AT'],
    ] as const) {
      await expect(verify(right, { now, at: time })).rejects.toMatchObject({ code });
    }
  });

  it('is judged at no time that is still to come', async () => {
    const ahead = (ms: number) => ({ now: NOW, at: new Date(NOW.getTime() + ms) });
    await expect(verify(right, ahead(60_000))).resolves.toBeDefined();
    await expect(verify(right, ahead(60_001))).rejects.toMatchObject({
      code: 'ERR_ANSWER_NOT_VALID_AT',
      message: expect.stringContaining('in the future'),
    });
  });

  it('is not the future', async () => {
    await expect(verify(right, { now: at(-60) })).resolves.toBeDefined();
    await expect(verify(right, { now: at(-61) })).rejects.toMatchObject({
      code: 'ERR_ANSWER_IAT_FUTURE',
    });
  });
});

describe('the answer to a call that was just made', () => {
  const call = async () => ({
    audience: 'mesh-cli',
    request: await requestDigest(right.requests[0] as CanonicalRequest),
  });

  it('is to that very call', async () => {
    const own = await call();
    const scope = ['research:deep', 'draft:write'];
    const delegation = { subject: 'user-7f', actors: [GATEWAY], scope, tokenHash: DIGEST };
    await expect(verify(right, { now: NOW, call: own })).resolves.toMatchObject({
      verdict: 'valid',
    });
    await expect(
      verify(right, { now: NOW, call: { ...own, txn: 'txn-1', delegation } }),
    ).resolves.toBeDefined();
    const fresh = { ...(right.requests[0] as CanonicalRequest), nonce: 'another' };
    for (const [change, code] of [
      [{ audience: 'mesh-web' }, 'ERR_ANSWER_AUDIENCE'],
      [{ request: await requestDigest(fresh) }, 'ERR_ANSWER_REQUEST'],
      [{ txn: 'txn-2' }, 'ERR_ANSWER_TXN'],
      [{ delegation: { ...delegation, subject: 'user-8a' } }, 'ERR_ANSWER_SUBJECT'],
      [{ delegation: { ...delegation, actors: [WRITER] } }, 'ERR_ANSWER_ACTORS'],
      [{ delegation: { ...delegation, actors: [GATEWAY, WRITER] } }, 'ERR_ANSWER_ACTORS'],
      [{ delegation: { ...delegation, tokenHash: 'A'.repeat(43) } }, 'ERR_ANSWER_TOKEN'],
      [{ delegation: { ...delegation, scope: ['draft:write'] } }, 'ERR_ANSWER_SCOPE'],
      [{ delegation: { ...delegation, scope: [...scope, 'x'] } }, 'ERR_ANSWER_SCOPE'],
      [{ delegation: { ...delegation, scope: scope.toReversed() } }, 'ERR_ANSWER_SCOPE'],
    ] as const) {
      await expect(verify(right, { now: NOW, call: { ...own, ...change } })).rejects.toMatchObject({
        code,
      });
    }
  });

  it('may name the request by its digest, which the caller knows', async () => {
    const { request, audience } = await call();
    const naming = (digest: string) =>
      delivering((body) => ({ ...body, requests: [{ digest }, ...body.requests.slice(1)] }));
    const body = await naming(request);
    const answer = await verify(body, { now: NOW, call: { request, audience } });
    expect(answer.nodes.map((node) => node.request)).toEqual(['checked', 'attested', 'checked']);
    // Kept, it would prove nothing of what was asked.
    await refuses(body, 'ERR_ANSWER_REQUESTS', 0);
    await expect(
      verify(await naming(DIGEST), { now: NOW, call: { request, audience } }),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_REQUEST', statement: 0 });
    await expect(
      verify(body, { now: NOW, call: { request: DIGEST, audience } }),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_REQUEST' });
  });

  it('is of now', async () => {
    await expect(verify(right, { now: at(300), call: await call() })).resolves.toBeDefined();
    await expect(verify(right, { now: at(301), call: await call() })).rejects.toMatchObject({
      code: 'ERR_ANSWER_IAT_OLD',
    });
    await expect(verify(right, { now: at(HOUR + 1), call: await call() })).rejects.toMatchObject({
      code: 'ERR_ANSWER_NOT_VALID_AT',
    });
  });
});

describe('a check of chains that is brought along', () => {
  it('is asked for each statement, at its iat, and its word counts', async () => {
    const asked: [string, Date][] = [];
    const own = chainCheck(DOMAIN, trust.bundle.x509Authorities);
    const verifier = new AnswerVerifier(trust, undefined, (chain, time) => {
      asked.push([String(spiffeIdOfLeaf(chain[0] as Certificate)), time]);
      return own(chain, time);
    });
    const answer = await verifier.verify(JSON.stringify(right), { now: at(60) });
    expect(answer.verdict).toBe('valid');
    expect(asked).toEqual([GATEWAY, RESEARCHER, WRITER].map((id) => [String(id), NOW]));
    const refusing = new AnswerVerifier(trust, undefined, () => {
      throw new Error('no');
    });
    await expect(refusing.verify(JSON.stringify(right), { now: NOW })).rejects.toMatchObject({
      code: 'ERR_ANSWER_CHAIN',
      statement: 0,
    });
  });

  it('cannot vouch for a CA that is in neither document', async () => {
    const other = await mintCa({ trustDomain: 'mesh.test' });
    const all = [...trust.bundle.x509Authorities, Certificate.parse(other.certificateDer)];
    const verifier = new AnswerVerifier(trust, undefined, chainCheck(DOMAIN, all));
    const { gateway } = await signersOf(other);
    await expect(
      verifier.verify(JSON.stringify(await answerOf({ ...signers, gateway })), { now: NOW }),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_AUTHORITY_RETIRED', statement: 0 });
  });

  it('is not asked for another trust domain', async () => {
    const other = await mintCa({ trustDomain: 'other.test' });
    const iss = SpiffeId.parse('spiffe://other.test/gateway');
    const gateway = signerOf(await other.issue({ uri: iss.toString() }));
    const body = await answerOf({ ...signers, gateway, changes: { gateway: { iss } } });
    const theirs = chainCheck(iss.trustDomain, [Certificate.parse(other.certificateDer)]);
    await expect(
      new AnswerVerifier(trust, undefined, theirs).verify(JSON.stringify(body), { now: NOW }),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_TRUST_DOMAIN', statement: 0 });
  });
});

describe('CAs that left the bundle', () => {
  let next: TrustDocument;
  const archive = (status: 'retired' | 'distrusted', since = IAT + 60): ArchiveDocument => ({
    trustDomain: DOMAIN,
    authorities: [{ certificate: Certificate.parse(ca.certificateDer), status, since }],
  });

  beforeAll(async () => {
    next = trustOf((await mintCa({ trustDomain: 'mesh.test' })).certificateDer);
  });

  it('vouch for nothing without the archive', async () => {
    await expect(verify(right, { now: NOW }, next)).rejects.toMatchObject({
      code: 'ERR_ANSWER_CHAIN',
      statement: 0,
      cause: expect.objectContaining({ code: 'ERR_CHAIN_UNTRUSTED' }),
    });
  });

  it('vouch by the archive for what was made before they retired', async () => {
    const now = at(2 * HOUR);
    const answer = await verify(right, { now }, next, archive('retired'));
    expect(answer.verdict).toBe(CLAIMED);
    expect(answer.nodes.map(({ retired }) => retired)).toEqual([true, true, true]);
    // The SVID would still be valid, but nothing of now comes from a CA that left.
    expect((await verify(right, { now: at(120) }, next, archive('retired'))).verdict).toBe(CLAIMED);
    expect((await verify(right, { now, at: at(50) }, next, archive('retired'))).verdict).toBe(
      'valid',
    );
    await expect(
      verify(right, { now, at: at(61) }, next, archive('retired')),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_NOT_VALID_AT' });
    await expect(verify(right, { now }, next, archive('retired', IAT - 1))).rejects.toMatchObject({
      code: 'ERR_ANSWER_AUTHORITY_RETIRED',
      statement: 0,
    });
  });

  it('need no archive while they are in the bundle', async () => {
    const answer = await verify(right, { now: NOW }, trust, archive('retired', IAT - 1));
    expect(answer.nodes[0]?.retired).toBe(false);
  });

  it('fail at any time when distrusted, even in the bundle', async () => {
    for (const by of [next, trust]) {
      for (const times of [{ now: NOW }, { now: at(48 * HOUR) }, { now: at(48 * HOUR), at: NOW }]) {
        await expect(verify(right, times, by, archive('distrusted'))).rejects.toMatchObject({
          code: 'ERR_ANSWER_AUTHORITY_DISTRUSTED',
          statement: 0,
        });
      }
    }
  });

  it('fail by their key, when it has a new certificate or is an intermediate', async () => {
    const renewed = await mintCa({
      trustDomain: 'mesh.test',
      keys: ca.keys,
      notBefore: at(-24 * HOUR),
    });
    await expect(
      verify(right, { now: NOW }, trustOf(renewed.certificateDer), archive('distrusted')),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_AUTHORITY_DISTRUSTED' });
    const intermediate = await ca.intermediate({ notBefore: at(-2 * HOUR) });
    const body = await answerOf(await signersOf(intermediate));
    await expect(verify(body)).resolves.toBeDefined();
    const middle: ArchiveDocument = {
      trustDomain: DOMAIN,
      authorities: [
        {
          certificate: Certificate.parse(intermediate.certificateDer),
          status: 'distrusted',
          since: IAT,
        },
      ],
    };
    await expect(verify(body, { now: NOW }, trust, middle)).rejects.toMatchObject({
      code: 'ERR_ANSWER_AUTHORITY_DISTRUSTED',
    });
  });

  it('are of the same trust domain', () => {
    const trustDomain = TrustDomain.parse('other.test');
    expect(() => new AnswerVerifier(trust, { trustDomain, authorities: [] })).toThrow(
      expect.objectContaining({ code: 'ERR_ANSWER_TRUST_DOMAIN' }),
    );
  });

  it('do not vouch for another trust domain', async () => {
    const other = await mintCa({ trustDomain: 'other.test' });
    const iss = SpiffeId.parse('spiffe://other.test/gateway');
    const gateway: StatementSigner = signerOf(await other.issue({ uri: iss.toString() }));
    const changes: { gateway: Partial<Statement> } = { gateway: { iss } };
    const body = await answerOf({ ...signers, gateway, changes });
    const both = trustOf(ca.certificateDer, other.certificateDer);
    await expect(verify(body, { now: NOW }, both)).rejects.toMatchObject({
      code: 'ERR_ANSWER_TRUST_DOMAIN',
      statement: 0,
    });
  });
});
