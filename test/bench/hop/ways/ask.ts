import type { Pool } from 'undici';
import { checkAnswer, PATH, QUESTION, type Ask } from '../way.js';

/** The exchange by undici alone. */
export function ask(pool: Pool): Ask {
  return async () => {
    const { statusCode, body } = await pool.request({
      method: 'POST',
      path: PATH,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(QUESTION),
    });
    const answer = await body.json();
    if (statusCode !== 200) throw new Error(`Answered with status ${statusCode}.`);
    checkAnswer(answer);
  };
}
