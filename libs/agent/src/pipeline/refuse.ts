import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Problem } from '@mesh/errors';

/** How long a refused peer may take to read its refusal, in milliseconds. */
const LINGER_MS = 1_000;

/**
 * Answers a request whose body is not wanted, and ends the connection without reading it.
 *
 * Node would read the rest of the body off the wire (10 MB of it), or, with `Connection: close`, destroy the
 * socket at once: the unread bytes then turn into a TCP reset, which can overtake the answer. So reading stops at
 * the stream's high-water mark, and the socket is closed in two steps: our side ends, the peer gets a moment to
 * read the answer and leave.
 */
export function refuseUnread(
  request: IncomingMessage,
  response: ServerResponse,
  problem: Problem,
): void {
  const socket = request.socket;
  request.read(0); // marks the body as consumed, so that Node does not drain it
  (socket as Socket & { destroySoon(): void }).destroySoon = () => lingeringClose(socket);
  const body = JSON.stringify(problem);
  response.writeHead(problem.status, {
    'content-type': 'application/problem+json',
    'content-length': Buffer.byteLength(body),
    'x-correlation-id': problem.correlationId,
    connection: 'close',
  });
  response.end(body);
}

function lingeringClose(socket: Socket): void {
  socket.pause();
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}
