import { AnswerVerifier, type VerifiedAnswer } from '@mesh/provenance';
import type { StateFolder } from '../../state/state-folder.js';
import { refusal } from '../verify/refusal.js';
import { trusted } from '../verify/trusted.js';
import type { Delivered } from './research.js';

/**
 * Holds what was delivered against the trust document of the mesh, as the answer to this very request.
 * @throws CommandError with the code of the rule that does not hold; nothing of the answer stands in it
 */
export async function verifyDelivered(
  { document, request }: Delivered,
  clientId: string,
  state: StateFolder,
): Promise<VerifiedAnswer> {
  const { trust, archive } = await trusted(state);
  try {
    return await new AnswerVerifier(trust, archive).verify(document, {
      now: new Date(),
      call: { audience: clientId, request },
    });
  } catch (error) {
    throw refusal(error, 'The answer of the gateway');
  }
}
