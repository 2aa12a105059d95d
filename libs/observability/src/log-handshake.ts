import type { Logger, LogFields } from './logger.js';

/** What a TLS listener or client reports of a handshake: the shape of `HandshakeEvent` of @mesh/identity. */
export interface HandshakeRecord {
  readonly outcome: 'accepted' | 'refused';
  readonly side: 'server' | 'client';
  /** Of a refused peer: what its certificate claims. */
  readonly peerId?: { toString(): string } | undefined;
  readonly serialNumber?: string | undefined;
  readonly notBefore?: Date | string | undefined;
  readonly notAfter?: Date | string | undefined;
  readonly chainSubjects?: readonly string[] | undefined;
  readonly tlsVersion?: string | undefined;
  readonly cipher?: string | undefined;
  readonly code?: string | undefined;
  readonly reason?: string | undefined;
  readonly remoteAddress?: string | undefined;
  /** Refusals that were left out before this one. */
  readonly suppressed?: number | undefined;
}

/** Writes the line of a handshake: `info` where it was accepted, `warn` where it was refused. */
export function logHandshake(logger: Logger, handshake: HandshakeRecord): void {
  const fields: LogFields = {
    event: 'handshake',
    outcome: handshake.outcome,
    side: handshake.side,
    peer_spiffe_id: handshake.peerId?.toString(),
    serial_number: handshake.serialNumber,
    not_before: handshake.notBefore,
    not_after: handshake.notAfter,
    chain_subjects: handshake.chainSubjects,
    tls_version: handshake.tlsVersion,
    cipher: handshake.cipher,
    code: handshake.code,
    reason: handshake.reason,
    remote_address: handshake.remoteAddress,
    suppressed: handshake.suppressed,
  };
  if (handshake.outcome === 'accepted') logger.info(fields, 'handshake accepted');
  else logger.warn(fields, 'handshake refused');
}
