import type { JsonObject } from '@mesh/provenance';
import { mintCa, type Minted } from '@test/kit';
import { type Act, type Attack, SUCCEEDED, variants } from '../attack.js';
import { type AgentName, type AttackedMesh, idOf } from '../mesh/attacked-mesh.js';
import { type Answer, resign, type Restatement, restate } from '../tools/answer.js';
import { ask, callResearcher, gatewayToken } from '../tools/calls.js';
import { inTheNameOfTheCa, issuedByWorkload } from '../tools/forged-chains.js';
import { Impostor, passOn } from '../tools/impostor.js';
import { base64url, hs256, type Members, read } from '../tools/jws.js';
import { outcomeOf } from '../tools/outcome.js';
import { verifyDelivered } from '../tools/person.js';

/** What is done to an answer on its way. */
type Tamper = (answer: Answer, mesh: AttackedMesh) => object | string | Promise<object | string>;
type Answering = Extract<AgentName, 'writer' | 'researcher'>;

/** Who calls the answering agent, and what makes it do so. */
const CALLS: Readonly<
  Record<Answering, { caller: AgentName; call: (mesh: AttackedMesh) => Promise<string> }>
> = {
  writer: {
    caller: 'researcher',
    call: async (mesh) => {
      const token = await gatewayToken(mesh);
      return outcomeOf(await callResearcher(mesh, { as: mesh.svidOf('gateway'), token }));
    },
  },
  researcher: { caller: 'gateway', call: async (mesh) => outcomeOf(await ask(mesh)) },
};

/**
 * Somebody with the agent's own SVID sits at its address, has the agent answer, and does something to the answer: what a
 * broken agent could do itself. What comes of it is what the caller tells its own caller.
 */
async function throughImpostor(
  mesh: AttackedMesh,
  agent: Answering,
  tamper: Tamper,
  call = CALLS[agent].call,
): Promise<string> {
  const caller = mesh.svidOf(CALLS[agent].caller);
  const impostor = await Impostor.start(mesh.svidOf(agent), async (request) => {
    const { status, body } = await passOn(mesh.urls[agent], caller, request);
    if (status !== 200) return { status, body };
    const answer = await tamper(JSON.parse(body) as Answer, mesh);
    return { status, body: typeof answer === 'string' ? answer : JSON.stringify(answer) };
  });
  try {
    return await mesh.network[agent].reroute(impostor.url, () => call(mesh));
  } finally {
    await impostor.close();
  }
}

const tampered =
  (agent: Answering): Act<Tamper> =>
  (mesh, tamper) =>
    throughImpostor(mesh, agent, tamper ?? ((answer) => answer));

/** How the outermost statement is signed anew; what is left out is right. */
interface SigningDefect extends Restatement {
  /** Default: the agent's own SVID. */
  readonly signer?: (mesh: AttackedMesh) => Minted | Promise<Minted>;
}

const signedAnew =
  (agent: Answering): Act<SigningDefect> =>
  (mesh, { signer, ...change } = {}) =>
    throughImpostor(mesh, agent, async (answer) =>
      resign(answer, (await signer?.(mesh)) ?? mesh.svidOf(agent), change),
    );

/** How the researcher's answer holds the writer's statement, the researcher's own made to fit; default: as it came. */
type InnerDefect = (inner: string, mesh: AttackedMesh) => string;

const innerChanged: Act<InnerDefect> = (mesh, defect) =>
  throughImpostor(mesh, 'researcher', (answer) => {
    const [root = '', inner = ''] = answer.statements;
    const changed = defect?.(inner, mesh) ?? restate(inner, mesh.svidOf('writer'));
    return resign({ ...answer, statements: [root, changed] }, mesh.svidOf('researcher'));
  });
const inner =
  (signer: string, change?: Restatement): InnerDefect =>
  (compact, mesh) =>
    restate(compact, mesh.svidOf(signer), change);

const claim =
  (change: Members) =>
  (claims: Members): Members => ({ ...claims, ...change });
/** With one scope more than the Txn-Token has. */
const wider = (claims: Members): Members => ({
  ...claims,
  scope: [...(claims['scope'] as readonly string[]), 'documents:list'],
});
/** Flips one bit of what a part of a compact form stands for. */
function corrupted(compact: string, part: 0 | 1 | 2): string {
  const parts = compact.split('.');
  const bytes = Buffer.from(parts[part] ?? '', 'base64url');
  bytes[10] = (bytes[10] ?? 0) ^ 1;
  parts[part] = bytes.toString('base64url');
  return parts.join('.');
}
const firstStatement =
  (change: (compact: string) => string): Tamper =>
  (answer) => ({
    ...answer,
    statements: [change(answer.statements[0] ?? ''), ...answer.statements.slice(1)],
  });

const elsewhere = 'https://keys.attacker.example/jwks';
const other = '1'.repeat(42) + 'A';

/** 4, of answers: keys that the statement says are elsewhere. */
export const answerKeys: readonly Attack[] = variants<SigningDefect>(4, signedAnew('writer'), [
  ['answer whose statement has jku', 'ERR_ANSWER_HEADER_KEY', { header: { jku: elsewhere } }],
  ['answer whose statement has x5u', 'ERR_ANSWER_HEADER_KEY', { header: { x5u: elsewhere } }],
  [
    'answer whose statement embeds a jwk',
    'ERR_ANSWER_HEADER_KEY',
    { header: { jwk: { kty: 'EC' } } },
  ],
]);

/** 5: signed by a chain of one's own making. */
export const selfMadeChains: readonly Attack[] = variants<SigningDefect>(5, signedAnew('writer'), [
  [
    'answer signed with a self-made chain in x5c',
    'ERR_ANSWER_CHAIN',
    {
      signer: async () =>
        (await mintCa({ trustDomain: 'mesh.test' })).issue({ uri: idOf('writer') }),
    },
  ],
  [
    'the same with the root in x5c as well',
    'ERR_ANSWER_CHAIN',
    {
      signer: async () => {
        const ca = await mintCa({ trustDomain: 'mesh.test' });
        const minted = await ca.issue({ uri: idOf('writer') });
        return { ...minted, chainPem: minted.chainPem + ca.certificatePem };
      },
    },
  ],
  [
    "answer signed by a chain through another workload's SVID",
    'ERR_ANSWER_CHAIN',
    { signer: (mesh) => issuedByWorkload(mesh.authority, idOf('archivist'), idOf('writer')) },
  ],
  [
    "answer whose certificate is signed in the CA's name by another key",
    'ERR_ANSWER_CHAIN',
    { signer: (mesh) => inTheNameOfTheCa(mesh.authority, idOf('writer')) },
  ],
  [
    'answer whose statement is of an expired SVID',
    'ERR_ANSWER_IAT_OUTSIDE_CERTIFICATE',
    {
      signer: (mesh) =>
        mesh.mint({
          uri: idOf('writer'),
          notBefore: new Date(Date.now() - 120_000),
          notAfter: new Date(Date.now() - 10_000),
        }),
    },
  ],
  ['answer with alg none', 'ERR_ANSWER_ALGORITHM', { header: { alg: 'none' } }],
  [
    'answer with HS256',
    'ERR_ANSWER_ALGORITHM',
    { header: { alg: 'HS256' }, sign: hs256('secret') },
  ],
  [
    'answer with another algorithm than its key has',
    'ERR_ANSWER_ALGORITHM_KEY',
    { header: { alg: 'RS256' } },
  ],
  ['answer whose statement is of another type', 'ERR_ANSWER_TYPE', { header: { typ: 'JWT' } }],
  ['answer whose statement has crit', 'ERR_ANSWER_HEADER_CRIT', { header: { crit: ['exp'] } }],
  ['answer whose statement has b64', 'ERR_ANSWER_HEADER_B64', { header: { b64: false } }],
]);

/** 14, of answers: signed by the CA of a federated trust domain, in the name of our writer. */
export const federatedAnswers: readonly Attack[] = variants<SigningDefect>(
  14,
  signedAnew('writer'),
  [
    [
      "answer whose chain is a federated domain's, with our writer's ID",
      'ERR_ANSWER_CHAIN',
      { signer: (mesh) => mesh.authority.federated.mint({ uri: idOf('writer') }) },
    ],
  ],
);

/** 6: one agent signs as another. */
export const signedAsAnother: readonly Attack[] = [
  ...variants<InnerDefect>(6, innerChanged, [
    [
      "the researcher signs the writer's statement",
      'ERR_ANSWER_CERTIFICATE_ID',
      inner('researcher'),
    ],
    [
      "the researcher signs a statement of the writer's under its own kid",
      'ERR_ANSWER_ISSUER_KEY_ID',
      inner('researcher', { header: { kid: idOf('researcher') } }),
    ],
    [
      'the researcher signs both statements in its own name',
      'ERR_ANSWER_AUDIENCE',
      (compact, mesh) =>
        restate(compact, mesh.svidOf('researcher'), {
          header: { kid: idOf('researcher') },
          claims: claim({ iss: idOf('researcher'), aud: idOf('gateway') }),
        }),
    ],
    [
      'a workload that the researcher does not call signs as the inner one',
      'ERR_ANSWER_EDGE',
      inner('archivist', {
        header: { kid: idOf('archivist') },
        claims: claim({ iss: idOf('archivist') }),
      }),
    ],
  ]),
  ...variants<SigningDefect>(6, signedAnew('writer'), [
    [
      "the researcher's own statement in the place of the writer's",
      'ERR_ANSWER_ROOT',
      {
        signer: (mesh) => mesh.svidOf('researcher'),
        header: { kid: idOf('researcher') },
        claims: claim({ iss: idOf('researcher') }),
      },
    ],
  ]),
];

/** 7: changed after signing. */
export const changedContent: readonly Attack[] = [
  ...variants<Tamper>(7, tampered('writer'), [
    [
      'article changed',
      'ERR_ANSWER_CONTENT',
      (answer) => ({ ...answer, article: 'SVIDs never expire.' }),
    ],
    [
      'model changed',
      'ERR_ANSWER_CONTENT',
      (answer) => ({ ...answer, model: { provider: 'gemini', name: 'other', used: true } }),
    ],
    [
      'article twice, the second one signed',
      'ERR_ANSWER_JSON_DUPLICATE_MEMBER',
      (answer) => JSON.stringify(answer).replace('{', '{"article":"SVIDs never expire.",'),
    ],
    [
      'article with half of a surrogate pair',
      'ERR_ANSWER_JSON_STRING',
      (answer) => JSON.stringify({ ...answer, article: '\ud800' }),
    ],
    ['member added', 'ERR_ANSWER_CONTENT', (answer) => ({ ...answer, extra: 1 })],
    [
      'request changed',
      'ERR_ANSWER_CONTENT',
      (answer) => ({ ...answer, requests: [{ digest: other }] }),
    ],
    [
      'claim of the statement changed',
      'ERR_ANSWER_SIGNATURE',
      firstStatement((one) => {
        const [header, , signature] = one.split('.');
        const payload = { ...read(one).payload, findings: [{ kind: 'none', count: 0 }] };
        return `${header}.${base64url(JSON.stringify(payload))}.${signature}`;
      }),
    ],
  ]),
  ...variants<Tamper>(7, tampered('researcher'), [
    [
      'answer changed',
      'ERR_ANSWER_CONTENT',
      (answer) => ({ ...answer, answer: 'SVIDs never expire.' }),
    ],
    [
      'passage of a source changed',
      'ERR_ANSWER_CONTENT',
      (answer) => ({
        ...answer,
        sources: sourcesOf(answer).map((one) => ({ ...one, snippet: 'x' })),
      }),
    ],
    ['sources left out', 'ERR_ANSWER_CONTENT', (answer) => ({ ...answer, sources: [] })],
    [
      'source added and signed, but read by nobody',
      'ERR_ANSWER_SOURCE_UNNAMED',
      (answer, mesh) =>
        resign(
          {
            ...answer,
            sources: [
              ...sourcesOf(answer),
              { id: 99, title: 'Made up', url: 'https://attacker.example/', snippet: 'x' },
            ],
          },
          mesh.svidOf('researcher'),
        ),
    ],
  ]),
];

/** 8: signature stripped or corrupted. */
export const strippedSignatures: readonly Attack[] = [
  ...variants<Tamper>(8, tampered('writer'), [
    ['statements stripped', 'ERR_ANSWER_UNSIGNED', ({ statements: _, ...answer }) => answer],
    ['no statement left', 'ERR_ANSWER_UNSIGNED', (answer) => ({ ...answer, statements: [] })],
    ['signature corrupted', 'ERR_ANSWER_SIGNATURE', firstStatement((one) => corrupted(one, 2))],
    [
      'signature cut off',
      'ERR_ANSWER_COMPACT_PARTS',
      firstStatement((one) => one.split('.').slice(0, 2).join('.')),
    ],
    [
      'signature empty',
      'ERR_ANSWER_SIGNATURE',
      firstStatement((one) => `${one.split('.').slice(0, 2).join('.')}.`),
    ],
    ['statement padded', 'ERR_ANSWER_BASE64URL', firstStatement((one) => `${one}==`)],
    [
      'Txn-Token in the place of a statement',
      'ERR_ANSWER_TYPE',
      async (answer, mesh) => ({ ...answer, statements: [await gatewayToken(mesh)] }),
    ],
    [
      'statement in the form of JSON',
      'ERR_ANSWER_DOCUMENT',
      (answer) => ({ ...answer, statements: [{ payload: 'x' }] }),
    ],
  ]),
  ...variants<Tamper>(8, tampered('researcher'), [
    [
      'statements of an answer stripped',
      'ERR_ANSWER_UNSIGNED',
      ({ statements: _, ...answer }) => answer,
    ],
    [
      "the writer's signature corrupted",
      'ERR_ANSWER_SIGNATURE',
      ({ statements: [root = '', second = ''], ...answer }) => ({
        ...answer,
        statements: [root, corrupted(second, 2)],
      }),
    ],
  ]),
];

/** The answer as a person sees it come: text in progress, and what the stream ends with. */
const streamed: Act<Tamper> = (mesh, tamper) =>
  throughImpostor(mesh, 'researcher', tamper ?? ((answer) => answer), async () => {
    const { status, body } = await ask(mesh, { headers: { accept: 'text/event-stream' } });
    if (status !== 200) return `no stream: ${status}`;
    const last = body.trimEnd().split('\n\n').at(-1) ?? '';
    const [, event, data = ''] = /^event: (\w+)\ndata: (.*)$/s.exec(last) ?? [];
    return event === 'done' ? SUCCEEDED : outcomeOf({ status: 502, body: data });
  });

/** 7 and 8 of an answer that is streamed. */
export const streamedAnswers: readonly Attack[] = [
  ...variants<Tamper>(7, streamed, [
    [
      'streamed answer changed',
      'ERR_ANSWER_CONTENT',
      (answer) => ({ ...answer, answer: 'SVIDs never expire.' }),
    ],
  ]),
  ...variants<Tamper>(8, streamed, [
    [
      'streamed answer stripped of its statements',
      'ERR_ANSWER_UNSIGNED',
      ({ statements: _, ...answer }) => answer,
    ],
  ]),
];

/** An answer of the researcher's to another question, had before. */
async function earlier(mesh: AttackedMesh): Promise<Answer> {
  const token = await gatewayToken(mesh);
  const { body } = await callResearcher(mesh, { as: mesh.svidOf('gateway'), token });
  return JSON.parse(body) as Answer;
}

/** 9: the graph of statements, put together another way. */
export const graphs: readonly Attack[] = variants<Tamper>(9, tampered('researcher'), [
  [
    'statements re-ordered',
    'ERR_ANSWER_ORDER',
    (answer) => ({ ...answer, statements: answer.statements.toReversed() }),
  ],
  [
    'statement dropped',
    'ERR_ANSWER_INPUT_MISSING',
    (answer) => ({ ...answer, statements: answer.statements.slice(0, 1) }),
  ],
  [
    'outermost statement dropped',
    'ERR_ANSWER_ROOT',
    (answer) => ({ ...answer, statements: answer.statements.slice(1) }),
  ],
  [
    'statement taken from another answer',
    'ERR_ANSWER_INPUT_MISSING',
    async (answer, mesh) => ({
      ...answer,
      statements: [answer.statements[0], (await earlier(mesh)).statements[1]],
    }),
  ],
  [
    'statement of another answer added',
    'ERR_ANSWER_STATEMENT_UNNAMED',
    async (answer, mesh) => ({
      ...answer,
      statements: [...answer.statements, (await earlier(mesh)).statements[1]],
    }),
  ],
  [
    'statement twice',
    'ERR_ANSWER_STATEMENT_TWICE',
    (answer) => ({ ...answer, statements: [...answer.statements, answer.statements[1]] }),
  ],
  [
    'statement of another answer named as input, and signed',
    'ERR_ANSWER_TXN_DIFFERS',
    async (answer, mesh) => {
      const statements = [answer.statements[0] ?? '', (await earlier(mesh)).statements[1] ?? ''];
      return resign({ ...answer, statements }, mesh.svidOf('researcher'));
    },
  ],
]);

/** 11, of answers: made for another person or by other ways than the call's. */
export const answersForOthers: readonly Attack[] = [
  ...variants<InnerDefect>(11, innerChanged, [
    [
      "the writer's statement is for another person",
      'ERR_ANSWER_SUBJECT_DIFFERS',
      inner('writer', { claims: claim({ sub: other }) }),
    ],
    [
      "the writer's statement is of another transaction",
      'ERR_ANSWER_TXN_DIFFERS',
      inner('writer', { claims: claim({ txn: 'another-transaction' }) }),
    ],
    [
      "the writer's statement leaves an actor out",
      'ERR_ANSWER_ACTORS',
      inner('writer', { claims: claim({ act: { sub: idOf('researcher') } }) }),
    ],
    [
      "the writer's statement has a scope that the researcher was not called with",
      'ERR_ANSWER_SCOPE',
      inner('writer', { claims: wider }),
    ],
  ]),
  ...variants<SigningDefect>(11, signedAnew('writer'), [
    ['the answer is for another person', 'ERR_ANSWER_SUBJECT', { claims: claim({ sub: other }) }],
    [
      'the answer is for another caller',
      'ERR_ANSWER_AUDIENCE',
      { claims: claim({ aud: idOf('archivist') }) },
    ],
    [
      'the answer is of another transaction',
      'ERR_ANSWER_TXN',
      { claims: claim({ txn: 'another-transaction' }) },
    ],
    [
      'the answer tells of other actors',
      'ERR_ANSWER_ACTORS',
      { claims: claim({ act: { sub: idOf('archivist') } }) },
    ],
    ['the answer tells of another token', 'ERR_ANSWER_TOKEN', { claims: claim({ tth: other }) }],
    ['the answer tells of a scope more than the token', 'ERR_ANSWER_SCOPE', { claims: wider }],
    [
      'the answer tells of a scope of the token before, not of its own',
      'ERR_ANSWER_SCOPE',
      { claims: claim({ scope: ['research:fast'] }) },
    ],
  ]),
];

/** The answer to the first of two calls, sent again for the second. */
const replayed =
  (agent: Answering, call: (mesh: AttackedMesh, token: string) => Promise<string>): Act<true> =>
  async (mesh, defect) => {
    const token = await gatewayToken(mesh);
    const answers: Answer[] = [];
    const tamper: Tamper = (answer) => {
      answers.push(answer);
      return defect ? (answers[0] as Answer) : answer;
    };
    return throughImpostor(mesh, agent, tamper, async () => {
      const first = await call(mesh, token);
      return first === SUCCEEDED ? call(mesh, token) : `first: ${first}`;
    });
  };

const delivered: Act<Tamper> = async (mesh, tamper) =>
  verifyDelivered(mesh, (answer) => tamper?.(answer, mesh) ?? answer);

/** 10: old answers. */
export const oldAnswers: readonly Attack[] = [
  ...variants(
    10,
    replayed('writer', async (mesh, token) =>
      outcomeOf(await callResearcher(mesh, { as: mesh.svidOf('gateway'), token })),
    ),
    [['old answer replayed within its transaction', 'ERR_ANSWER_REQUEST', true as const]],
  ),
  ...variants(10, replayed('researcher', CALLS.researcher.call), [
    ['old answer replayed', 'ERR_ANSWER_TXN', true as const],
  ]),
  ...variants<SigningDefect>(10, signedAnew('writer'), [
    [
      'answer signed six minutes ago',
      'ERR_ANSWER_IAT_OLD',
      {
        signer: (mesh) =>
          mesh.mint({ uri: idOf('writer'), notBefore: new Date(Date.now() - 3_600_000) }),
        claims: (claims) => ({ ...claims, iat: (claims['iat'] as number) - 360 }),
      },
    ],
    [
      'answer signed in five minutes',
      'ERR_ANSWER_IAT_FUTURE',
      { claims: (claims) => ({ ...claims, iat: (claims['iat'] as number) + 300 }) },
    ],
  ]),
];

/** Signed as the gateway's by another workload, or in its own name. */
const wholeSignedBy =
  (workload: string, kid: string): Tamper =>
  (answer, mesh) =>
    resign({ ...answer, answer: 'SVIDs never expire.' }, mesh.svidOf(workload), {
      header: { kid: idOf(kid) },
      claims: claim({ iss: idOf(kid) }),
    });

/** 7 to 10 on the last stretch: between the gateway and the person, whose program verifies what is delivered. */
export const deliveredAnswers: readonly Attack[] = [
  ...variants<Tamper>(7, delivered, [
    [
      'delivered answer changed',
      'ERR_ANSWER_CONTENT',
      (answer) => ({ ...answer, answer: 'SVIDs never expire.' }),
    ],
  ]),
  ...variants<Tamper>(8, delivered, [
    [
      'delivered answer stripped of its statements',
      'ERR_ANSWER_UNSIGNED',
      ({ statements: _, ...answer }) => answer,
    ],
  ]),
  ...variants<Tamper>(9, delivered, [
    [
      "a whole answer signed as the gateway's by another workload of the domain",
      'ERR_ANSWER_CERTIFICATE_ID',
      wholeSignedBy('researcher', 'gateway'),
    ],
    [
      'a whole answer signed by another workload of the domain in its own name',
      'ERR_ANSWER_ROOT',
      wholeSignedBy('archivist', 'archivist'),
    ],
    [
      'statements of a delivered answer re-ordered',
      'ERR_ANSWER_ORDER',
      (answer) => ({
        ...answer,
        statements: [answer.statements[0], ...answer.statements.slice(1).toReversed()],
      }),
    ],
  ]),
  ...variants<Tamper>(10, delivered, [
    [
      'an earlier delivered answer to the same question',
      'ERR_ANSWER_REQUEST',
      async (_answer, mesh) => JSON.parse((await ask(mesh)).body) as Answer,
    ],
  ]),
];

function sourcesOf(answer: Answer): readonly JsonObject[] {
  return answer['sources'] as readonly JsonObject[];
}

/** The writer leads its caller to another path, where the answer is. */
const redirected: Act<number> = async (mesh, status) => {
  const elsewhere = '/elsewhere';
  const impostor = await Impostor.start(mesh.svidOf('writer'), async (request) => {
    if (status !== undefined && request.path !== elsewhere) {
      return { status, body: '', location: `${impostor.url}${elsewhere}` };
    }
    return passOn(mesh.urls.writer, mesh.svidOf('researcher'), { ...request, path: '/v1/drafts' });
  });
  try {
    return await mesh.network.writer.reroute(impostor.url, () => CALLS.writer.call(mesh));
  } finally {
    await impostor.close();
  }
};

/** 12 and 22, of answers: a token led elsewhere, and an answer that is too large to be read. */
export const oddAnswers: readonly Attack[] = [
  ...variants<number>(12, redirected, [
    ['a called agent leads its caller, with the token, elsewhere by 307', 'ERR_PEER_FAILED', 307],
    ['a called agent leads its caller, with the token, elsewhere by 302', 'ERR_PEER_FAILED', 302],
  ]),
  ...variants<Tamper>(22, tampered('writer'), [
    [
      'answer of 5 MB',
      'ERR_PEER_RESPONSE_INVALID',
      (answer) => ({ ...answer, padding: 'x'.repeat(5_000_000) }),
    ],
    [
      'answer of 10,000 levels',
      'ERR_ANSWER_JSON_DEPTH',
      (answer) =>
        JSON.stringify(answer).replace('{', `{"a":${'['.repeat(10_000)}${']'.repeat(10_000)},`),
    ],
  ]),
];
