import { AgentDirectory } from '@mesh/agent';
import { MeshError } from '@mesh/errors';
import { Certificate, SpiffeId, TrustDomain } from '@mesh/identity';
import { AnswerVerifier, requestDigest, type TrustDocument } from '@mesh/provenance';
import { join } from 'node:path';
import { SUCCEEDED } from '../attack.js';
import { type AttackedMesh, idOf, TRUST_DOMAIN } from '../mesh/attacked-mesh.js';
import type { Answer } from './answer.js';
import { ask, newNonce, QUESTION } from './calls.js';
import { outcomeOf } from './outcome.js';

/** What a person trusts, had another way than from the gateway. */
function trustOf(mesh: AttackedMesh): TrustDocument {
  const trustDomain = TrustDomain.parse(TRUST_DOMAIN);
  const directory = AgentDirectory.load(join(mesh.folder, 'agents'), trustDomain);
  return {
    bundle: {
      trustDomain,
      x509Authorities: mesh.authority.authorities.map((der) => Certificate.parse(der)),
    },
    root: SpiffeId.parse(idOf('gateway')),
    edges: directory
      .edges()
      .filter(({ delegated }) => delegated)
      .map(({ caller, agent }) => ({
        caller: directory.spiffeIdOf(caller),
        callee: directory.spiffeIdOf(agent),
      })),
  };
}

/**
 * Asks the gateway and verifies what comes, as a person's program does.
 * @param onTheWay What is done to the answer before it arrives.
 */
export async function verifyDelivered(
  mesh: AttackedMesh,
  onTheWay: (answer: Answer) => object | string | Promise<object | string>,
): Promise<string> {
  const nonce = newNonce();
  const response = await ask(mesh, { headers: { 'request-nonce': nonce } });
  if (response.status !== 200) return outcomeOf(response);
  const arrived = await onTheWay(JSON.parse(response.body) as Answer);
  const body = { question: QUESTION, depth: 'fast' };
  const request = await requestDigest({ method: 'POST', path: '/v1/research', nonce, body });
  try {
    await new AnswerVerifier(trustOf(mesh)).verify(
      typeof arrived === 'string' ? arrived : JSON.stringify(arrived),
      {
        now: new Date(),
        call: { audience: 'mesh-cli', request },
      },
    );
    return SUCCEEDED;
  } catch (error) {
    if (error instanceof MeshError) return error.code;
    throw error;
  }
}
