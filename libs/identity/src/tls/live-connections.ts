import type { TLSSocket } from 'node:tls';
import type { Certificate } from '@mesh/spiffe';
import { Alarm } from './alarm.js';
import type { ConnectionLifetime } from './connection-lifetime.js';
import { ConnectionEndedError } from './tls-errors.js';

interface Live {
  /** What is verified again when a bundle changes. */
  readonly presented: readonly Certificate[];
  readonly end: Alarm;
}

/** The verified connections of a server or pool: none outlives its certificates, nor the trust in them. */
export class LiveConnections {
  readonly #live = new Map<TLSSocket, Live>();

  constructor(private readonly verify: (presented: readonly Certificate[]) => void) {}

  get size(): number {
    return this.#live.size;
  }

  add(socket: TLSSocket, presented: readonly Certificate[], lifetime: ConnectionLifetime): void {
    const end = new Alarm();
    this.#live.set(socket, { presented, end });
    end.set(lifetime.endAt, () => socket.destroy(expired()));
    socket.once('close', () => {
      end.clear();
      this.#live.delete(socket);
    });
  }

  /** Cuts what the bundles no longer vouch for. */
  recheck(): void {
    for (const [socket, { presented }] of this.#live) {
      try {
        this.verify(presented);
      } catch (cause) {
        socket.destroy(
          new ConnectionEndedError(
            'ERR_CONNECTION_DISTRUSTED',
            'The connection was cut: the authority that vouched for the peer left the bundle.',
            { cause },
          ),
        );
      }
    }
  }

  /** Cuts all of them: this workload's own SVID is gone. */
  withdraw(cause: unknown): void {
    const error = withdrawn(cause);
    for (const socket of this.#live.keys()) socket.destroy(error);
  }
}

export function withdrawn(cause: unknown): ConnectionEndedError {
  return new ConnectionEndedError(
    'ERR_CONNECTION_WITHDRAWN',
    'The connection was cut: this workload has no SVID any more.',
    { cause },
  );
}

function expired(): ConnectionEndedError {
  return new ConnectionEndedError(
    'ERR_CONNECTION_EXPIRED',
    'The connection was cut: a certificate it was made with expired.',
  );
}
