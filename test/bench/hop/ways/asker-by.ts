import type { Pool } from 'undici';
import { checkAnswer, PATH, QUESTION, type Asker } from '../way.js';

/** The exchange by undici alone. */
export function askerBy(pool: Pool): Asker {
  return {
    ask: async () => {
      const { statusCode, body } = await pool.request({
        method: 'POST',
        path: PATH,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(QUESTION),
      });
      const answer = await body.json();
      if (statusCode !== 200) throw new Error(`Answered with status ${statusCode}.`);
      checkAnswer(answer);
    },
  };
}
