import { X509Source } from '@mesh/identity';
import { fastify } from 'fastify';
import { Pool } from 'undici';
import { answerTo, CONNECTIONS, KEEP_ALIVE_MS, PATH, type Way } from '../way.js';
import { askerBy } from './asker-by.js';

/** Key, certificate and authorities of a workload, for Node's own TLS. */
async function material(address: string) {
  const source = await X509Source.create({ address });
  const svid = source.getX509Svid();
  const bundle = source.getX509BundleForTrustDomain(svid.id.trustDomain);
  source.close();
  return {
    key: svid.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    cert: svid.certificatesPem,
    ca: bundle.authorities.map((authority) => authority.toPem()),
    minVersion: 'TLSv1.3' as const,
  };
}

/** The same over Node's own TLS with the agents' certificates: both sides verified by OpenSSL, nothing else. */
export const bareMtls: Way = {
  serve: async ({ workloadApi }) => {
    const app = fastify({
      keepAliveTimeout: KEEP_ALIVE_MS,
      https: {
        ...(await material(workloadApi.answerer)),
        requestCert: true,
        rejectUnauthorized: true,
      },
    });
    app.post(PATH, async ({ body }) => answerTo((body as { q: string }).q));
    return app.listen({ host: '127.0.0.1', port: 0 });
  },
  connect: async ({ workloadApi }, url) =>
    askerBy(
      new Pool(url, {
        connections: CONNECTIONS,
        keepAliveTimeout: KEEP_ALIVE_MS,
        allowH2: false,
        connect: {
          ...(await material(workloadApi.asker)),
          // An SVID names a workload, not a host.
          checkServerIdentity: () => undefined,
        },
      }),
    ),
};
