import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Act, type Attack, SUCCEEDED, variants } from '../attack.js';
import { type AttackedMesh, idOf } from '../mesh/attacked-mesh.js';
import { ask, callResearcher, exchange, gatewayToken, ofPerson } from '../tools/calls.js';
import { Impostor, passOn } from '../tools/impostor.js';
import { es256, type Members, read, write } from '../tools/jws.js';
import { outcomeOf, refusedHandshake } from '../tools/outcome.js';
import { forge, type TokenDefect } from '../tools/txn-token.js';

/** How long agents may take to fetch the issuer's keys again, in milliseconds: 30 s lie between two fetches. */
const FETCH_MS = 40_000;
/** Between two looks, in milliseconds. */
const LOOK_MS = 500;

/** Asks until it is another code than the one that says "not yet". */
async function until(ask: () => Promise<string>, notYet: string): Promise<string> {
  const deadline = Date.now() + FETCH_MS;
  for (;;) {
    const outcome = await ask();
    if (outcome !== notYet || Date.now() > deadline) return outcome;
    await delay(LOOK_MS);
  }
}

/** The issuer's door taken by somebody who adds a key of his own to the set. */
const addsKey: Act<string> = async (mesh, thief = 'issuer') => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = {
    ...createPublicKey(privateKey).export({ format: 'jwk' }),
    kid: publicKey.export({ format: 'jwk' }).x,
  };
  const shown = mesh.svidOf(thief);
  const impostor = await Impostor.start(shown, async (request) => {
    const { status, body } = await passOn(mesh.door.url, shown, request);
    if (request.path !== '/jwks') return { status, body };
    const { keys } = JSON.parse(body) as { keys: object[] };
    return { status, body: JSON.stringify({ keys: [...keys, jwk] }) };
  });
  const { header, payload } = read(mesh.door.mint());
  const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  const token = write({ header: { ...header, kid: jwk.kid }, payload }, es256(keyPem));
  const asked = async () => outcomeOf(await ask(mesh, { token }));
  try {
    return await mesh.network.issuer.reroute(impostor.url, () =>
      thief === 'issuer'
        ? // It failed a moment ago, and is not asked again for a second.
          until(asked, 'ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE')
        : refusedHandshake(mesh.log('gateway'), shown, async () =>
            (await asked()) === SUCCEEDED ? SUCCEEDED : undefined,
          ),
    );
  } finally {
    await impostor.close();
  }
};

/** 4, of the issuer. To be run before the agents have the issuer's keys: they keep them for ten minutes. */
export const fakeIssuer: readonly Attack[] = variants<string>(4, addsKey, [
  ['fake issuer at the address where agents read its keys', 'ERR_PEER_NOT_AUTHORIZED', 'archivist'],
]);

/** A token service with the right SVID that answers with another token than it was asked for. */
const answersOtherwise =
  (asker: 'gateway' | 'researcher'): Act<TokenDefect> =>
  async (mesh, defect) => {
    const tts = mesh.svidOf('tts');
    const impostor = await Impostor.start(tts, async (request) => {
      const { status, body } = await passOn(mesh.urls.tts, mesh.svidOf(request.peer), request);
      if (status !== 200 || request.peer !== asker) return { status, body };
      const answer = JSON.parse(body) as { access_token: string };
      return {
        status,
        body: JSON.stringify({ ...answer, access_token: forge(answer.access_token, tts, defect) }),
      };
    });
    try {
      return await mesh.network.tts.reroute(impostor.url, async () =>
        asker === 'gateway'
          ? outcomeOf(await ask(mesh))
          : outcomeOf(
              await callResearcher(mesh, {
                as: mesh.svidOf('gateway'),
                token: await gatewayToken(mesh),
              }),
            ),
      );
    } finally {
      await impostor.close();
    }
  };
const claims = (change: Members): TokenDefect => ({ claims: (right) => ({ ...right, ...change }) });
const INVALID = 'ERR_TOKEN_ANSWER_INVALID';

/** 4, of a token service: what it answers is held to what was asked. */
export const brokenTokenService: readonly Attack[] = [
  ...variants<TokenDefect>(4, answersOtherwise('gateway'), [
    [
      'token service answers with the token of another person',
      INVALID,
      claims({ sub: 'https://login.example#admin' }),
    ],
    [
      'token service answers with a token for another question',
      INVALID,
      claims({ tctx: { depth: 'deep' } }),
    ],
    [
      'token service answers with a wider scope',
      INVALID,
      claims({ scope: 'research:fast research:deep draft:write audit:read' }),
    ],
    [
      'token service answers with the token of another workload',
      INVALID,
      claims({ req_wl: idOf('researcher'), act: { sub: idOf('researcher') } }),
    ],
    [
      'token service answers with an expired token',
      INVALID,
      claims({ exp: Math.floor(Date.now() / 1000) - 1 }),
    ],
  ]),
  ...variants<TokenDefect>(4, answersOtherwise('researcher'), [
    [
      'token service replaces by a token of another transaction',
      INVALID,
      claims({ txn: 'another-transaction' }),
    ],
    [
      'token service replaces by a token of another person',
      INVALID,
      claims({ sub: 'https://login.example#admin' }),
    ],
    [
      'token service replaces by a token without the actors before',
      INVALID,
      claims({ act: { sub: idOf('researcher') } }),
    ],
    [
      'token service replaces by a token that lives longer',
      INVALID,
      { claims: (right) => ({ ...right, exp: (right['exp'] as number) + 60 }) },
    ],
  ]),
];

/** What gateway and token service say to an access token: one code if they agree. */
async function takenBy(mesh: AttackedMesh, token: string): Promise<string> {
  const gateway = outcomeOf(await ask(mesh, { token }));
  const service = outcomeOf(
    await exchange(mesh, mesh.svidOf('gateway'), ofPerson(token, 'research:fast draft:write')),
  );
  return gateway === service ? gateway : `gateway ${gateway}, token service ${service}`;
}

const rotated: Act<'retired'> = async (mesh, defect) => {
  const before = await mesh.signInAnew('analyst');
  if ((await takenBy(mesh, before)) !== SUCCEEDED) return 'the first token is not taken';
  mesh.issuer.rotateKeys();
  if (defect) mesh.issuer.retireKeys();
  mesh.forgetSignIns();
  const after = await mesh.signInAnew('analyst');
  const fetched = await until(() => takenBy(mesh, after), 'ERR_ACCESS_TOKEN_KEY_UNKNOWN');
  return fetched === SUCCEEDED ? takenBy(mesh, before) : `a token of the new key: ${fetched}`;
};

/** 18: a key of the issuer that is rotated goes on, one that is retired does not. Takes until keys are fetched again. */
export const issuerKeys: readonly Attack[] = variants<'retired'>(18, rotated, [
  [
    'token of a key that the issuer retired; its control: of one that it rotated',
    'ERR_ACCESS_TOKEN_KEY_UNKNOWN',
    'retired',
  ],
]);
