import { PeerClient } from '@mesh/agent';
import type { AgentContext } from '@mesh/agent/nest';
import { HEADERS } from '@mesh/contracts';
import { delegationOf, type TxnToken } from '@mesh/delegation';
import { hasCode } from '@mesh/errors';
import { authorizeId, createMtlsPool } from '@mesh/identity';
import { logHandshake } from '@mesh/observability';
import { checkAnswer, QUESTION, type Surroundings, type Way } from '../way.js';
import { requestOf, start, startCaller } from './agents.js';
import { answerer, EchoDto, SignedEchoDto } from './answerer.js';
import { TokenStock } from './tokens.js';

/**
 * One agent calls another, as the gateway calls the researcher: its whole client side and the other's whole pipeline.
 * The agents are the benchmark's own, so that the hop is measured and not a search.
 */
async function serve(surroundings: Surroundings): Promise<string> {
  const { url } = await start(answerer, 'answerer', surroundings);
  return url;
}

/** On the asker's own business: no token, and the answer is unsigned. */
export const own: Way = {
  serve,
  connect: async (surroundings, url) => {
    const asker = await startCaller('asker', surroundings, url);
    const peer = asker.peer('answerer');
    const inRequest = requestOf(asker);
    return {
      ask: () =>
        inRequest(async () =>
          checkAnswer(await peer.postOwn('bench:own', '/v1/own', QUESTION, EchoDto)),
        ),
    };
  },
};

/** On a person's behalf: the token is sent and verified. The answer is unsigned. */
export const delegated = delegatedWay((asker, url) => {
  const peer = clientWithTokensAlone(asker, url);
  // Without statements, and `post` is for what has them.
  const contract = EchoDto as typeof SignedEchoDto;
  return async () => checkAnswer(await peer.post('/v1/unsigned', QUESTION, contract));
});

/** The hop as it is between agents: on a person's behalf, the answer signed and verified. */
export const signed = delegatedWay((asker) => {
  const peer = asker.peer('answerer');
  return async () => {
    const answer = await peer.post('/v1/delegated', QUESTION, SignedEchoDto);
    checkAnswer(answer);
    if (answer.statements.length !== 1) throw new Error('The answer is not signed by one agent.');
  };
});

/** @param fresh Each request has a token of its own, as each question of a person has; else one that was seen before. */
function delegatedWay(
  callBy: (asker: AgentContext, url: string) => () => Promise<void>,
): (fresh: boolean) => Way {
  return (fresh) => ({
    serve,
    connect: async (surroundings, url) => {
      const asker = await startCaller('asker', surroundings, url);
      const stock = await TokenStock.open(surroundings, fresh);
      const call = callBy(asker, url);
      const inRequest = requestOf(asker);
      await assertTokensCount((token) => inRequest(call, token), stock);
      return {
        prepare: (requests) => stock.fill(requests),
        ask: () => inRequest(call, stock.next()),
      };
    },
  });
}

/** No figure for a check that nobody makes. */
async function assertTokensCount(
  call: (token: TxnToken) => Promise<void>,
  stock: TokenStock,
): Promise<void> {
  const refusal = await call(stock.issue(['draft:write'])).catch((error: unknown) => error);
  if (!hasCode(refusal, 'ERR_TOKEN_SCOPE')) {
    throw new Error('A token without the scope was not refused.', { cause: refusal });
  }
}

/** The asker's client of the answerer, but for signing: no nonce, no digest of the request, no proof. */
function clientWithTokensAlone(asker: AgentContext, url: string): PeerClient {
  const { identity, directory, metrics, logger } = asker;
  const authorizer = authorizeId(directory.spiffeIdOf('answerer'));
  const pool = createMtlsPool(url, identity, identity, authorizer, {
    log: (event) => {
      metrics.handshake(event);
      logHandshake(logger, event);
    },
  });
  return new PeerClient(
    'answerer',
    () => pool,
    asker.policy('answerer'),
    {
      delegate: async (_peer, context) => ({
        headers: { [HEADERS.txnToken]: delegationOf(context)!.reveal() },
        prove: async () => undefined,
      }),
      servesOwn: () => false,
    },
    (hop) => metrics.hop(hop),
  );
}
