import type { Server, ServerOptions } from 'node:http';

/** Request line and headers of one request, in bytes. */
export const HEADER_BYTES = 16 * 1024;
/** A request's headers and body must have arrived within this, in milliseconds. */
export const RECEIVE_MS = 30_000;

/** How an HTTP server is set up that Fastify or the listener for people makes. */
export const httpOptions: ServerOptions = {
  maxHeaderSize: HEADER_BYTES,
  headersTimeout: RECEIVE_MS,
  requestTimeout: RECEIVE_MS,
  // Browsers ask again within a minute, and a handshake costs more than an idle connection.
  keepAliveTimeout: 72_000,
  // Node's own 30 s would double what the limits allow.
  connectionsCheckingInterval: 2_000,
  // Node would answer without a body; `checkHost` does it.
  requireHostHeader: false,
};

/** How Fastify is set up for each listener of an agent, the management listener too. */
export function listenerOptions(bodyBytes: number) {
  return {
    bodyLimit: bodyBytes,
    exposeHeadRoutes: true,
    requestTimeout: RECEIVE_MS,
    // Requests that come while the agent stops are refused as problems, by the request hooks.
    return503OnClosing: false,
    http: httpOptions,
  };
}

/**
 * Serves a request with an `Expect` that is not known as if it had none (RFC 9110, section 10.1.1). Node would answer
 * 417 by itself: past host, caller and log.
 */
export function passExpectations(server: Server): void {
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
}
