import { createPublicKey, X509Certificate } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { mintCa } from '@test/kit';
import { type Act, type Attack, SUCCEEDED, variants } from '../attack.js';
import { type AttackedMesh, idOf } from '../mesh/attacked-mesh.js';
import {
  callResearcher,
  callWriter,
  exchange,
  gatewayToken,
  researcherToken,
  toReplace,
} from '../tools/calls.js';
import { inTheNameOfTheCa, issuedByWorkload } from '../tools/forged-chains.js';
import { base64url, es256, hs256, type Members, read, x5cOf } from '../tools/jws.js';
import { outcomeOf } from '../tools/outcome.js';
import { forge, nowSeconds, type TokenDefect } from '../tools/txn-token.js';

/** What a defect is made of that needs the mesh: its keys, or a token of another kind. */
type DefectOf = (mesh: AttackedMesh, token: string) => TokenDefect | Promise<TokenDefect>;

/** The researcher's call to the writer, its token signed anew by the token service's key. */
const sendToWriter: Act<DefectOf> = async (mesh, defect) => {
  const token = await researcherToken(mesh);
  const forged = forge(token, mesh.svidOf('tts'), await defect?.(mesh, token));
  const as = mesh.svidOf('researcher');
  return outcomeOf(await callWriter(mesh, { as, token: forged }));
};

/** The same token, shown to the token service to be replaced. */
const replace: Act<DefectOf> = async (mesh, defect) => {
  const token = await gatewayToken(mesh);
  const forged = forge(token, mesh.svidOf('tts'), await defect?.(mesh, token));
  return outcomeOf(
    await exchange(mesh, mesh.svidOf('researcher'), toReplace(forged, 'draft:write')),
  );
};

const claims =
  (change: Members): DefectOf =>
  () => ({ claims: (right) => ({ ...right, ...change }) });
const header =
  (change: Members): DefectOf =>
  () => ({ header: change });
/** Times of a token relative to now, in seconds. */
const times =
  (iat: number, exp: number): DefectOf =>
  () => ({
    claims: (right) => ({ ...right, iat: nowSeconds() + iat, exp: nowSeconds() + exp }),
  });
const instead =
  (other: (mesh: AttackedMesh, token: string) => string | Promise<string>): DefectOf =>
  async (mesh, token) => {
    const text = await other(mesh, token);
    return { text: () => text };
  };

/** A workload that signs as the token service, by a CA that nobody trusts. */
const selfMade: DefectOf = async () => ({
  signer: await (await mintCa({ trustDomain: 'mesh.test' })).issue({ uri: idOf('tts') }),
});
const stolenName: DefectOf = (mesh) => ({ sign: es256(mesh.svidOf('researcher').keyPem) });

/** The public key of the token service, as everybody has it: the secret of one who confuses the algorithms. */
function publicKeyOf(mesh: AttackedMesh): string {
  const { publicKey } = new X509Certificate(mesh.svidOf('tts').certificateDer);
  return createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))
    .export({ type: 'spki', format: 'pem' })
    .toString();
}

const noToken: Act<true> = async (mesh, defect) => {
  const token = defect ? null : await researcherToken(mesh);
  return outcomeOf(await callWriter(mesh, { as: mesh.svidOf('researcher'), token }));
};

const twoTokens: Act<true> = async (mesh, defect) => {
  const token = await researcherToken(mesh);
  const headers = { 'txn-token': defect ? [token, token] : token };
  return outcomeOf(await callWriter(mesh, { as: mesh.svidOf('researcher'), token: null, headers }));
};

/** How long a token lives that is shown before and after, in seconds. */
const SHORT_LIFE = 3;

/** Verdicts on signatures are remembered: a token that was good must not stay so. */
const outlived: Act<true> = async (mesh, defect) => {
  const end = nowSeconds() + (defect ? SHORT_LIFE : 300);
  const token = forge(await researcherToken(mesh), mesh.svidOf('tts'), {
    claims: (right) => ({ ...right, exp: end }),
  });
  const call = async () =>
    outcomeOf(await callWriter(mesh, { as: mesh.svidOf('researcher'), token }));
  const first = await call();
  if (first !== SUCCEEDED) return `first: ${first}`;
  while (defect && Date.now() < end * 1000) await delay(50);
  return call();
};

/** The same of a token whose signer's CA is gone. */
const distrusted: Act<true> = async (mesh, defect) => {
  const ca = await mesh.authority.addCa();
  try {
    const signer = await ca.mint({ uri: idOf('tts') });
    const token = forge(await researcherToken(mesh), mesh.svidOf('tts'), { signer });
    const call = async () =>
      outcomeOf(await callWriter(mesh, { as: mesh.svidOf('researcher'), token }));
    // Until the bundle with the new CA has reached the writer, and then until the one without it has.
    const first = await settled(call, 'ERR_TOKEN_CHAIN');
    if (first !== SUCCEEDED) return `first: ${first}`;
    if (!defect) return await call();
    ca.remove();
    return await settled(call, SUCCEEDED);
  } finally {
    ca.remove();
  }
};

/** How long an update of the bundle may take to count, in milliseconds. */
const UPDATE_MS = 4_000;

/** Calls until it is another outcome than the one from before an update. */
async function settled(call: () => Promise<string>, before: string): Promise<string> {
  const deadline = Date.now() + UPDATE_MS;
  for (;;) {
    const outcome = await call();
    if (outcome !== before || Date.now() > deadline) return outcome;
    await delay(50);
  }
}

/** 17, of tokens. */
export const removedSigner: readonly Attack[] = variants(17, distrusted, [
  [
    'Txn-Token that was taken before, its signer of a CA that is removed',
    'ERR_TOKEN_CHAIN',
    true as const,
  ],
]);

const elsewhere = 'https://keys.attacker.example/jwks';
const ownJwk = {
  kty: 'EC',
  crv: 'P-256',
  x: base64url('x'.repeat(32)),
  y: base64url('y'.repeat(32)),
};
const tooMany = (count: number) =>
  Array.from({ length: count }, (_, at) => idOf(`relay-${at}`)).reduceRight<Members | undefined>(
    (act, sub) => (act === undefined ? { sub } : { sub, act }),
    undefined,
  );

/** 1: delegation tokens that are none, forged, expired, for somebody else, of another kind, confused. */
export const delegationTokens: readonly Attack[] = [
  ...variants(1, noToken, [['no Txn-Token', 'ERR_TOKEN_MISSING', true]]),
  ...variants(1, twoTokens, [['two Txn-Tokens', 'ERR_TOKEN_MALFORMED', true]]),
  ...variants<DefectOf>(1, sendToWriter, [
    ['Txn-Token that is no JWS', 'ERR_TOKEN_MALFORMED', instead(() => 'a.b')],
    ['Txn-Token signed by a self-made CA', 'ERR_TOKEN_CHAIN', selfMade],
    [
      "Txn-Token signed by a chain through another workload's SVID",
      'ERR_TOKEN_CHAIN',
      async (mesh) => ({
        signer: await issuedByWorkload(mesh.authority, idOf('archivist'), idOf('tts')),
      }),
    ],
    [
      "Txn-Token whose certificate is signed in the CA's name by another key",
      'ERR_TOKEN_CHAIN',
      async (mesh) => ({ signer: await inTheNameOfTheCa(mesh.authority, idOf('tts')) }),
    ],
    [
      'Txn-Token signed by another workload of the domain',
      'ERR_TOKEN_ISSUER',
      (mesh) => ({ signer: mesh.svidOf('researcher') }),
    ],
    [
      "Txn-Token with the token service's certificate and another key",
      'ERR_TOKEN_SIGNATURE',
      stolenName,
    ],
    [
      'Txn-Token with a claim changed after signing',
      'ERR_TOKEN_SIGNATURE',
      instead((_mesh, token) => {
        const [head, , signature] = token.split('.');
        const widened = { ...read(token).payload, scope: 'draft:write research:deep' };
        return `${head}.${base64url(JSON.stringify(widened))}.${signature}`;
      }),
    ],
    ['expired Txn-Token', 'ERR_TOKEN_EXPIRED', times(-30, -1)],
    ['Txn-Token of tomorrow', 'ERR_TOKEN_NOT_YET_VALID', times(600, 900)],
    ['Txn-Token that lives for an hour', 'ERR_TOKEN_LIFETIME', times(0, 3600)],
    ['Txn-Token for another trust domain', 'ERR_TOKEN_AUDIENCE', claims({ aud: 'partner.test' })],
    [
      'Txn-Token for several audiences',
      'ERR_TOKEN_CLAIM',
      claims({ aud: ['mesh.test', 'partner.test'] }),
    ],
    ['Txn-Token without a person', 'ERR_TOKEN_CLAIM', claims({ sub: '' })],
    ['Txn-Token of type JWT', 'ERR_TOKEN_TYPE', header({ typ: 'JWT' })],
    [
      'statement of an answer in the place of a Txn-Token',
      'ERR_TOKEN_TYPE',
      header({ typ: 'mesh-statement+jwt', kid: idOf('tts') }),
    ],
    [
      'access token in the place of a Txn-Token',
      'ERR_TOKEN_TYPE',
      instead((mesh) => mesh.signIn()),
    ],
    ['alg none', 'ERR_TOKEN_ALGORITHM', header({ alg: 'none' })],
    [
      'alg none without a signature',
      'ERR_TOKEN_MALFORMED',
      () => ({ header: { alg: 'none' }, sign: () => Buffer.alloc(0) }),
    ],
    [
      "alg confused: HS256 with the token service's public key as secret",
      'ERR_TOKEN_ALGORITHM',
      (mesh) => ({ header: { alg: 'HS256' }, sign: hs256(publicKeyOf(mesh)) }),
    ],
    [
      'alg confused: ES384 by a key on P-256',
      'ERR_TOKEN_ALGORITHM',
      (mesh) => ({ header: { alg: 'ES384' }, sign: es256(mesh.svidOf('tts').keyPem, 'sha384') }),
    ],
    ['alg confused: RS256 by a key on P-256', 'ERR_TOKEN_ALGORITHM', header({ alg: 'RS256' })],
    ['kid that leads to a file', 'ERR_TOKEN_HEADER_KEY', header({ kid: '../../../../dev/null' })],
    ['kid that is SQL', 'ERR_TOKEN_HEADER_KEY', header({ kid: "0' UNION SELECT 'secret" })],
    ['header that crit makes binding', 'ERR_TOKEN_CRITICAL', header({ crit: ['b64'], b64: false })],
    ['padded base64url', 'ERR_TOKEN_MALFORMED', () => ({ text: (token) => `${token}=` })],
    [
      'Txn-Token of 13 KiB',
      'ERR_TOKEN_TOO_LARGE',
      claims({ tctx: { padding: 'x'.repeat(9_000) } }),
    ],
  ]),
  ...variants(1, outlived, [
    ['Txn-Token that was taken before, after its end', 'ERR_TOKEN_EXPIRED', true as const],
  ]),
  ...variants<DefectOf>(1, replace, [
    ['expired Txn-Token, to be replaced', 'ERR_TOKEN_EXPIRED', times(-30, -1)],
    ['Txn-Token signed by a self-made CA, to be replaced', 'ERR_TOKEN_CHAIN', selfMade],
    ['alg none, to be replaced', 'ERR_TOKEN_ALGORITHM', header({ alg: 'none' })],
  ]),
];

/** 4, of delegation tokens: keys that the token says are elsewhere. */
export const keysFromElsewhere: readonly Attack[] = variants<DefectOf>(4, sendToWriter, [
  ['Txn-Token with jku', 'ERR_TOKEN_HEADER_KEY', header({ jku: elsewhere })],
  ['Txn-Token with x5u', 'ERR_TOKEN_HEADER_KEY', header({ x5u: elsewhere })],
  ['Txn-Token with an embedded jwk', 'ERR_TOKEN_HEADER_KEY', header({ jwk: ownJwk })],
]);

const relabelled: Act<DefectOf> = async (mesh, defect) => {
  const token = await gatewayToken(mesh);
  const forged = forge(token, mesh.svidOf('tts'), await defect?.(mesh, token));
  return outcomeOf(await callResearcher(mesh, { as: mesh.svidOf('gateway'), token: forged }));
};

/** 24, of a receiver: chains of actors that the token service would never sign. */
export const signedChains: readonly Attack[] = variants<DefectOf>(24, relabelled, [
  [
    'Txn-Token signed with an actor that is in it twice',
    'ERR_TOKEN_ACTOR_LOOP',
    claims({
      act: {
        sub: idOf('gateway'),
        act: { sub: idOf('researcher'), act: { sub: idOf('gateway') } },
      },
    }),
  ],
  [
    'Txn-Token signed with nine actors',
    'ERR_TOKEN_ACTOR_DEPTH',
    claims({ act: { sub: idOf('gateway'), act: tooMany(8) } }),
  ],
]);

/** The same of the writer, whose call it would be the second time. */
export const throughItself: readonly Attack[] = variants<DefectOf>(24, sendToWriter, [
  [
    'Txn-Token of a request that came through the receiver before',
    'ERR_TOKEN_ACTOR_LOOP',
    claims({ act: { sub: idOf('researcher'), act: { sub: idOf('writer') } } }),
  ],
]);

/** 14, of a token: signed by the CA of a federated trust domain, in the name of our token service. */
export const federatedToken: readonly Attack[] = variants<DefectOf>(14, sendToWriter, [
  [
    "Txn-Token whose chain is a federated domain's, with our token service's ID",
    'ERR_TOKEN_CHAIN',
    async (mesh) => {
      const signer = await mesh.authority.federated.mint({ uri: idOf('tts') });
      return { signer, header: { x5c: x5cOf(signer) } };
    },
  ],
]);
