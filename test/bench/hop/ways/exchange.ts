import { agent as tts } from '../../../../apps/tts/src/agent.js';
import type { Surroundings, Way } from '../way.js';
import { requestOf, start, startCaller } from './agents.js';
import { TokenStock } from './tokens.js';

/** The real token service. */
async function serve(surroundings: Surroundings): Promise<string> {
  const { url } = await start(tts, 'tts', surroundings);
  return url;
}

/** The first token of a transaction, as the gateway obtains it; always for the same person, who stays signed in. */
export const exchange: Way = {
  serve,
  connect: async (surroundings, url) => {
    const asker = await startCaller('asker', surroundings, url);
    const inRequest = requestOf(asker);
    const scope = ['research:fast', 'draft:write'];
    const details = { action: 'research:fast', question: 'q'.repeat(43) };
    const { accessToken } = surroundings;
    const token = await asker.accessTokens.verify(accessToken);
    const person = { token, reveal: () => accessToken };
    return {
      ask: () =>
        inRequest(async () => {
          await asker.tokens.issue(person, scope, details);
        }),
    };
  },
};

/** A token in place of another, as the researcher obtains it; each time of another transaction. */
export const replacement: Way = {
  serve,
  connect: async (surroundings, url) => {
    const answerer = await startCaller('answerer', surroundings, url);
    const stock = await TokenStock.open(surroundings, true);
    const inRequest = requestOf(answerer);
    return {
      prepare: (requests) => stock.fill(requests),
      ask: () =>
        inRequest(async () => {
          await answerer.tokens.replace(stock.next(), ['draft:write']);
        }),
    };
  },
};
