import { createPublicKey } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Act, type Attack, SUCCEEDED, variants } from '../attack.js';
import type { AttackedMesh } from '../mesh/attacked-mesh.js';
import type { AccessTokenDefect } from '../mesh/issuer-door.js';
import { ask, callWriter, gatewayToken, newNonce, researcherToken } from '../tools/calls.js';
import { base64url, hs256, read, write } from '../tools/jws.js';
import { outcomeOf } from '../tools/outcome.js';
import { send } from '../tools/wire.js';

/** The gateway asked with an access token that the suite's key of the issuer signed. */
const bearer: Act<(mesh: AttackedMesh) => AccessTokenDefect> = async (mesh, defect) =>
  outcomeOf(await ask(mesh, { token: mesh.door.mint(defect?.(mesh)) }));
/** The gateway asked with a token made of a right one. */
const madeOver: Act<(token: string, mesh: AttackedMesh) => string> = async (mesh, defect) => {
  const token = mesh.door.mint();
  return outcomeOf(await ask(mesh, { token: defect?.(token, mesh) ?? token }));
};
const claims = (change: object) => () => ({ claims: { ...change } });
const header = (change: object) => () => ({ header: { ...change } });
const seconds = () => Math.floor(Date.now() / 1000);

/** 25, of people: bearer tokens that are none of this API's clients, or bound to a key. */
export const bearers: readonly Attack[] = [
  ...variants<(mesh: AttackedMesh) => AccessTokenDefect>(25, bearer, [
    [
      "the session client's token as bearer",
      'ERR_ACCESS_TOKEN_CLIENT',
      claims({ client_id: 'mesh-web' }),
    ],
    [
      "a foreign client's token as bearer",
      'ERR_ACCESS_TOKEN_CLIENT',
      claims({ client_id: 'mesh-archive' }),
    ],
    ['a token with cnf as bearer', 'ERR_ACCESS_TOKEN_BOUND', claims({ cnf: { jkt: newNonce() } })],
    [
      'an expired access token',
      'ERR_ACCESS_TOKEN_EXPIRED',
      () => ({ claims: { exp: seconds() - 60 } }),
    ],
    [
      'an access token for another API',
      'ERR_ACCESS_TOKEN_AUDIENCE',
      claims({ aud: 'https://other.example/api' }),
    ],
    ['an ID token as bearer', 'ERR_ACCESS_TOKEN_TYPE', header({ typ: 'JWT' })],
  ]),
  ...variants<(token: string, mesh: AttackedMesh) => string>(25, madeOver, [
    [
      'an access token with alg none',
      'ERR_ACCESS_TOKEN_ALGORITHM',
      (token) =>
        write({ ...read(token), header: { ...read(token).header, alg: 'none' } }, () =>
          Buffer.from('x'),
        ),
    ],
    [
      "an access token signed with the issuer's public key as secret",
      'ERR_ACCESS_TOKEN_ALGORITHM',
      (token, mesh) =>
        write(
          { ...read(token), header: { ...read(token).header, alg: 'HS256' } },
          hs256(
            createPublicKey(mesh.door.keyPem).export({ type: 'spki', format: 'pem' }).toString(),
          ),
        ),
    ],
    [
      'an access token with a scope written in',
      'ERR_ACCESS_TOKEN_SIGNATURE',
      (token) => {
        const [head, , signature] = token.split('.');
        const widened = { ...read(token).payload, scope: 'research:deep audit:read' };
        return `${head}.${base64url(JSON.stringify(widened))}.${signature}`;
      },
    ],
  ]),
];

/** Verdicts on signatures are remembered: a token that was good must not stay so. */
const outlived: Act<true> = async (mesh, defect) => {
  const end = seconds() + 4;
  const token = mesh.door.mint(defect ? { claims: { exp: end } } : {});
  const first = outcomeOf(await ask(mesh, { token }));
  if (first !== SUCCEEDED) return `first: ${first}`;
  while (defect && Date.now() < end * 1000) await delay(50);
  return outcomeOf(await ask(mesh, { token }));
};

/** 25, of people, after its end. */
export const outlivedBearers: readonly Attack[] = variants(25, outlived, [
  [
    'an access token that was taken before, after its end',
    'ERR_ACCESS_TOKEN_EXPIRED',
    true as const,
  ],
]);

const elsewhere = 'https://keys.attacker.example/jwks';

/** 4, of people: an issuer that is none, and keys that a token says are elsewhere. */
export const foreignIssuers: readonly Attack[] = variants<
  (mesh: AttackedMesh) => AccessTokenDefect
>(4, bearer, [
  ['access token with jku', 'ERR_ACCESS_TOKEN_HEADER', header({ jku: elsewhere })],
  ['access token with x5u', 'ERR_ACCESS_TOKEN_HEADER', header({ x5u: elsewhere })],
  ['access token with an embedded jwk', 'ERR_ACCESS_TOKEN_HEADER', header({ jwk: { kty: 'EC' } })],
  ['access token with x5c', 'ERR_ACCESS_TOKEN_HEADER', header({ x5c: ['MA=='] })],
  [
    'access token of a key that is not the issuer’s',
    'ERR_ACCESS_TOKEN_KEY_UNKNOWN',
    header({ kid: 'mine' }),
  ],
  [
    'access token by another issuer',
    'ERR_ACCESS_TOKEN_ISSUER',
    claims({ iss: 'https://login.attacker.example' }),
  ],
]);

/** 13, of people: a scope that the person does not have. */
export const peoplesScopes: readonly Attack[] = variants<'deep'>(
  13,
  async (mesh, defect) => {
    const token = await mesh.signIn('reader', 'research:fast draft:write');
    return outcomeOf(await ask(mesh, { token, ...(defect ? { depth: defect } : {}) }));
  },
  [['the reader asks for deep research', 'ERR_ACCESS_TOKEN_SCOPE', 'deep']],
);

/** 11, of people: the whole way. */
export const peoplesPersons: readonly Attack[] = variants<'admin'>(
  11,
  async (mesh, defect) => {
    const token = await mesh.signIn(defect ?? 'analyst', 'research:fast draft:write');
    return outcomeOf(await ask(mesh, { token }));
  },
  [['a person asks whom the researcher may not act for', 'ERR_TOKEN_PERSON', 'admin']],
);

const spoofed: Act<Readonly<Record<string, string>>> = async (mesh, headers) =>
  outcomeOf(await ask(mesh, headers ? { token: null, headers } : {}));
const asStranger: Act<Readonly<Record<string, string>>> = async (mesh, headers) => {
  const as = mesh.svidOf(headers ? 'gateway' : 'researcher');
  const token = await researcherToken(mesh);
  return outcomeOf(await callWriter(mesh, { as, token, ...(headers ? { headers } : {}) }));
};
const asReader: Act<Readonly<Record<string, string>>> = async (mesh, headers) => {
  const token = await (headers
    ? mesh.signIn('reader', 'research:fast draft:write')
    : mesh.signIn('analyst'));
  return outcomeOf(await ask(mesh, { token, depth: 'deep', ...(headers ? { headers } : {}) }));
};

const host =
  (url: (mesh: AttackedMesh) => string, own: (mesh: AttackedMesh) => string): Act<string> =>
  async (mesh, name) =>
    outcomeOf(await send(url(mesh), { headers: { host: name ?? own(mesh) } }));
const reboundTo = 'rebound.attacker.example';

/** The same nonce in two requests, as one who sends a captured request again. */
const nonceTwice =
  (call: (mesh: AttackedMesh, nonce: string) => Promise<string>): Act<true> =>
  async (mesh, defect) => {
    const nonce = newNonce();
    const first = await call(mesh, nonce);
    return first === SUCCEEDED ? call(mesh, defect ? nonce : newNonce()) : `first: ${first}`;
  };
/** The same nonce in two requests at once. */
const nonceRaced: Act<true> = async (mesh, defect) => {
  const nonce = newNonce();
  const nonces = [nonce, defect ? nonce : newNonce()];
  const outcomes = await Promise.all(nonces.map((one) => callWith(mesh, one)));
  return outcomes.find((outcome) => outcome !== SUCCEEDED) ?? SUCCEEDED;
};
const askWith = async (mesh: AttackedMesh, nonce: string) =>
  outcomeOf(await ask(mesh, { headers: { 'request-nonce': nonce } }));
const callWith = async (mesh: AttackedMesh, nonce: string) => {
  const token = await researcherToken(mesh);
  return outcomeOf(await callWriter(mesh, { as: mesh.svidOf('researcher'), token, nonce }));
};

/** 21: headers that say who somebody is, and names that lead to loopback. */
export const headers: readonly Attack[] = [
  ...variants<Readonly<Record<string, string>>>(21, spoofed, [
    [
      'X-User from a browser',
      'ERR_ACCESS_TOKEN_MISSING',
      { 'x-user': 'admin', 'x-forwarded-user': 'admin' },
    ],
    ['a cookie that nobody set', 'ERR_ACCESS_TOKEN_MISSING', { cookie: '__Host-session=admin' }],
    [
      'Basic in the place of Bearer',
      'ERR_ACCESS_TOKEN_MISSING',
      { authorization: 'Basic YWRtaW46YWRtaW4=' },
    ],
  ]),
  ...variants<true>(
    21,
    async (mesh, defect) => {
      const token = await mesh.signIn();
      const query = `?access_token=${token}`;
      return outcomeOf(await ask(mesh, defect ? { token: null, query } : { token }));
    },
    [['an access token in the query', 'ERR_ACCESS_TOKEN_MISSING', true]],
  ),
  ...variants<true>(
    21,
    async (mesh, defect) => {
      const token = await mesh.signIn();
      const authorization = [`Bearer ${token}`, ...(defect ? ['Bearer of.another.person'] : [])];
      return outcomeOf(await ask(mesh, { token: null, headers: { authorization } }));
    },
    [['two Authorization headers', 'ERR_ACCESS_TOKEN_MALFORMED', true]],
  ),
  ...variants<true>(
    21,
    async (mesh, defect) => {
      const headers = { 'txn-token': await gatewayToken(mesh) };
      return outcomeOf(await ask(mesh, { ...(defect ? { token: null } : {}), headers }));
    },
    [['a genuine Txn-Token from a browser', 'ERR_ACCESS_TOKEN_MISSING', true]],
  ),
  ...variants<Readonly<Record<string, string>>>(21, asStranger, [
    [
      'X-Forwarded-Client-Cert that names a caller',
      'ERR_CALLER_DENIED',
      { 'x-forwarded-client-cert': 'URI=spiffe://mesh.test/ns/agents/sa/researcher' },
    ],
  ]),
  ...variants<Readonly<Record<string, string>>>(21, asReader, [
    [
      'X-User and X-Roles beside a token',
      'ERR_ACCESS_TOKEN_SCOPE',
      { 'x-user': 'analyst', 'x-roles': 'analyst' },
    ],
  ]),
  ...variants(
    21,
    host(
      (mesh) => `${mesh.urls.gateway}/errors`,
      (mesh) => new URL(mesh.urls.gateway).host,
    ),
    [['Host of a name that was rebound to the gateway', 'ERR_HOST_UNKNOWN', reboundTo]],
  ),
  ...variants(
    21,
    host(
      (mesh) => `${mesh.managementUrls.writer}/metrics`,
      (mesh) => new URL(mesh.managementUrls.writer).host,
    ),
    [['Host of a name that was rebound to the management listener', 'ERR_HOST_UNKNOWN', reboundTo]],
  ),
  ...variants(
    21,
    host(
      (mesh) => `http://127.0.0.1:${mesh.issuer.port}/jwks`,
      (mesh) => new URL(mesh.issuer.url).host,
    ),
    [['Host of a name that was rebound to the issuer', 'ERR_ISSUER_HOST', reboundTo]],
  ),
  ...variants(21, nonceTwice(askWith), [
    ["a person's own nonce again", 'ERR_NONCE_REUSED', true as const],
  ]),
  ...variants(21, nonceRaced, [
    ["an agent's own nonce twice at once", 'ERR_NONCE_REUSED', true as const],
  ]),
  ...variants<true>(
    21,
    async (mesh, defect) => {
      const nonce = defect ? 'not-a-nonce' : newNonce();
      return callWith(mesh, nonce);
    },
    [['an agent without a right nonce', 'ERR_HEADER_INVALID', true]],
  ),
  ...variants(21, nonceTwice(callWith), [
    ["an agent's own nonce again", 'ERR_NONCE_REUSED', true as const],
  ]),
];
