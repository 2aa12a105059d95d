import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/** Another program holds the port. */
export class PortInUseError extends MeshError {
  readonly code = 'ERR_PORT_IN_USE';

  constructor(
    readonly port: number,
    options?: MeshErrorOptions,
  ) {
    super(`Port ${port} is in use. Stop the program that holds it, or set another port.`, options);
  }
}

/** Listens; port 0 takes any free one. Returns the port. */
export async function listen(
  app: NestFastifyApplication,
  host: string,
  port: number,
): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE')
      throw new PortInUseError(port, { cause: error });
    throw error;
  }
  return (app.getHttpServer().address() as AddressInfo).port;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}
