import { SpiffeId } from '@mesh/spiffe';
import { TxnTokenError } from './txn-token.error.js';

/** Actors that any token may hold; a token service may allow fewer. */
export const MAX_ACTORS = 8;

/** The claim `act` (RFC 8693 4.1): a workload, and inside it the one that it was called by. */
export interface ActClaim {
  readonly sub: string;
  readonly act?: ActClaim;
}

/**
 * Reads the claim `act`: the workloads that the request went through, the outermost, which may send the token, first.
 * @throws TxnTokenError `ERR_TOKEN_CLAIM`, `ERR_TOKEN_ACTOR_LOOP`, `ERR_TOKEN_ACTOR_DEPTH`
 */
export function parseActorChain(claim: unknown): readonly SpiffeId[] {
  const actors: SpiffeId[] = [];
  let next = claim;
  do {
    if (actors.length === MAX_ACTORS) {
      throw new TxnTokenError(
        'ERR_TOKEN_ACTOR_DEPTH',
        `The token has more than ${MAX_ACTORS} actors.`,
      );
    }
    const { sub, act, ...others } = objectOf(next);
    if (Object.keys(others).length > 0) throw malformed();
    const actor = workloadOf(sub);
    if (actors.some((one) => one.equals(actor))) {
      throw new TxnTokenError('ERR_TOKEN_ACTOR_LOOP', `${actor} is in the token twice.`);
    }
    actors.push(actor);
    next = act;
  } while (next !== undefined);
  return Object.freeze(actors);
}

/** The chain with one more actor at its outside. Whether it may be is for the caller to say. */
export function actClaimOf(actors: readonly SpiffeId[]): ActClaim {
  const [outermost, ...inner] = actors;
  if (outermost === undefined) throw new RangeError('A chain of actors has at least one.');
  return inner.length === 0
    ? { sub: outermost.toString() }
    : { sub: outermost.toString(), act: actClaimOf(inner) };
}

function objectOf(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw malformed();
  return value as Record<string, unknown>;
}

function workloadOf(sub: unknown): SpiffeId {
  if (typeof sub !== 'string') throw malformed();
  try {
    const id = SpiffeId.parse(sub);
    if (id.path !== '') return id;
  } catch (error) {
    throw malformed(error);
  }
  throw malformed();
}

function malformed(cause?: unknown): TxnTokenError {
  return new TxnTokenError('ERR_TOKEN_CLAIM', 'The claim act is not a chain of SPIFFE IDs.', {
    cause,
  });
}
