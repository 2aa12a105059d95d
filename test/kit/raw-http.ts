import { connect, type Socket } from 'node:net';

export interface RawResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Sends bytes to an HTTP listener as they are, and returns what came back until the connection was closed. */
export async function exchange(url: string, ...parts: (string | Buffer)[]): Promise<string> {
  const { hostname, port } = new URL(url);
  return exchangeOver(connect({ host: hostname, port: Number(port), noDelay: true }), ...parts);
}

/** The same over a connection, which may be one by TLS. Each part is written once the one before was taken by the system. */
export async function exchangeOver(socket: Socket, ...parts: (string | Buffer)[]): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  // A server that refuses cuts the connection while we still write.
  socket.on('error', () => undefined);
  for (const part of parts) {
    await new Promise<void>((resolve) => socket.write(part, () => resolve()));
    await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  return Buffer.concat(chunks).toString();
}

/** Splits what `exchange` returned into its responses, each with a Content-Length. */
export function responsesOf(text: string): RawResponse[] {
  const responses: RawResponse[] = [];
  for (let rest = text; rest !== '';) {
    const end = rest.indexOf('\r\n\r\n');
    const [statusLine = '', ...lines] = rest.slice(0, end).split('\r\n');
    const headers = Object.fromEntries(
      lines.map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
      }),
    );
    const length = Number(headers['content-length'] ?? 0);
    const bytes = Buffer.from(rest.slice(end + 4));
    responses.push({
      status: Number(statusLine.split(' ')[1]),
      headers,
      body: bytes.subarray(0, length).toString(),
    });
    rest = bytes.subarray(length).toString();
  }
  return responses;
}
