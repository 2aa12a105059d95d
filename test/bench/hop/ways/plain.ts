import { fastify } from 'fastify';
import { Pool } from 'undici';
import { answerTo, CONNECTIONS, KEEP_ALIVE_MS, PATH, type Way } from '../way.js';
import { askerBy } from './asker-by.js';

/** Fastify and undici, no TLS, no check. */
export const plain: Way = {
  serve: () => {
    const app = fastify({ keepAliveTimeout: KEEP_ALIVE_MS });
    app.post(PATH, async ({ body }) => answerTo((body as { q: string }).q));
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
  connect: async (_surroundings, url) =>
    askerBy(new Pool(url, { connections: CONNECTIONS, keepAliveTimeout: KEEP_ALIVE_MS })),
};
