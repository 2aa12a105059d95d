import { delegationOf } from '@mesh/delegation';
import { signedInPersonOf } from '@mesh/delegation/nest';
import { recordOf, type AnsweredRequest, type AnswerRecord } from '@mesh/signing';
import type { FastifyRequest } from 'fastify';

/** What an answer is signed for: every delegated request, as its guards have found it; nothing else is signed. */
export const answeredRequests = {
  of(
    request: FastifyRequest,
  ): { readonly answered: AnsweredRequest; readonly record: AnswerRecord } | undefined {
    const { meshContext: context, meshNonce: nonce, meshBody: body = null, method } = request;
    const token = context && delegationOf(context);
    if (!token) return undefined;
    // Otherwise the guard would have refused it: never an answer without a statement.
    if (nonce === undefined) throw new Error('The request has no nonce.');
    const person = signedInPersonOf(request);
    return {
      answered: {
        audience: person ? person.token.clientId : token.actor.toString(),
        txn: token.txn,
        subject: token.userId,
        actors: token.actors,
        scope: token.scope,
        tokenHash: token.hash,
        request: { method, path: request.raw.url!, nonce, body },
        // An agent knows what it asked; a person's answer is kept, and shows it.
        whole: person !== undefined,
      },
      record: recordOf(context),
    };
  },
};
