import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Act, type Attack, SUCCEEDED, variants } from '../attack.js';
import type { AttackedMesh } from '../mesh/attacked-mesh.js';
import { ask, exchange, ofPerson } from '../tools/calls.js';
import { Impostor, passOn } from '../tools/impostor.js';
import { es256, read, write } from '../tools/jws.js';
import { outcomeOf, refusedHandshake } from '../tools/outcome.js';

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
