import type { AddressInfo } from 'node:net';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { MeshError, type MeshErrorOptions } from '@mesh/errors';
import { ConfigError } from '../config/config.error.js';

/** Another program holds the port. */
export class PortInUseError extends MeshError {
  readonly code = 'ERR_PORT_IN_USE';

  constructor(
    readonly port: number,
    /** Environment variable that sets it. */
    readonly variable: string,
    options?: MeshErrorOptions,
  ) {
    super(
      `Port ${port} is in use. Stop the program that holds it, or set ${variable} to another.`,
      options,
    );
  }
}

/**
 * Listens; port 0 takes any free one. Returns the port.
 * @param variable Environment variable that sets the port, for errors.
 * @throws PortInUseError, ConfigError
 */
export async function listen(
  app: NestFastifyApplication,
  host: string,
  port: number,
  variable: string,
): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (error) {
    throw listenError(error, host, port, variable);
  }
  return (app.getHttpServer().address() as AddressInfo).port;
}

/** What a failed `listen` means to whoever configured it. */
export function listenError(cause: unknown, host: string, port: number, variable: string): unknown {
  switch ((cause as NodeJS.ErrnoException).code) {
    case 'EADDRINUSE':
      return new PortInUseError(port, variable, { cause });
    case 'EACCES':
      return new ConfigError(
        variable,
        `This user may not listen on port ${port}: set ${variable} to one from 1024.`,
        { cause },
      );
    case 'EADDRNOTAVAIL':
      return new ConfigError(
        'MESH_BIND',
        `MESH_BIND must be an address of this machine, not ${host}.`,
        {
          cause,
        },
      );
    default:
      return cause;
  }
}

export function originOf(scheme: 'http' | 'https', host: string, port: number): string {
  return `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

export function isLoopback(host: string): boolean {
  return LOOPBACK.has(host);
}
