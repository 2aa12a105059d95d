import { STATUS_CODES, type IncomingMessage, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { MeshError, type Problem } from '@mesh/errors';

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
  headers: Readonly<Record<string, string>> = {},
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
    ...headers,
  });
  response.end(body);
}

/**
 * Answers bytes that Node could not parse as a request, and closes the connection.
 * @param headers By names in lower case.
 * @returns whether there was an answer: within the one to an earlier request it would be taken for a part of that.
 */
export function refuseUnparsed(
  socket: Socket,
  problem: Problem,
  headers: Readonly<Record<string, string>>,
): boolean {
  const earlier = (socket as Socket & { _httpMessage?: ServerResponse })._httpMessage;
  if (!socket.writable || earlier?.headersSent) {
    socket.destroy();
    return false;
  }
  const body = JSON.stringify(problem);
  socket.end(
    [
      `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status]}`,
      'Content-Type: application/problem+json',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Correlation-ID: ${problem.correlationId}`,
      'Connection: close',
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      '',
      body,
    ].join('\r\n'),
  );
  lingeringClose(socket);
  return true;
}

/** The `Retry-After` of an error that has one. */
export function retryAfter(error: unknown): { 'retry-after'?: string } {
  return error instanceof MeshError && error.retryAfterMs !== undefined
    ? { 'retry-after': String(Math.ceil(error.retryAfterMs / 1000)) }
    : {};
}

function lingeringClose(socket: Socket): void {
  socket.pause();
  socket.end();
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
  socket.once('close', () => clearTimeout(timer));
}
