import { once } from 'node:events';
import type { Server } from 'node:net';
import type { Server as HttpServer } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { IssuerError } from './issuer.error.js';

/** Resolves when the server listens. @throws IssuerError `ERR_ISSUER_LISTEN` */
export async function listen(server: Server, port: number, address: string): Promise<void> {
  try {
    server.listen({ port, host: address });
    await once(server, 'listening');
  } catch (cause) {
    const message = `The embedded issuer cannot listen on port ${port}.`;
    throw new IssuerError('ERR_ISSUER_LISTEN', message, { cause });
  }
}

/** Requests under way have a second to end. */
export async function closeServer(server: HttpServer | HttpsServer): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), 1000);
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
  clearTimeout(cut);
}
