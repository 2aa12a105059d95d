import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { MeshError } from '@mesh/errors';
import type { PeerIdentity } from './peer-identity.js';

/**
 * What a handshake came to, for log and metrics. Every text is capped and printable ASCII (other characters stand
 * as `\u{hex}`): the fields of a refused peer are what anyone who reaches the port chose to send.
 */
export interface HandshakeEvent {
  readonly outcome: 'accepted' | 'refused';
  /** Which side this process is. */
  readonly side: 'server' | 'client';
  /** SPIFFE ID; of a refused peer, the names it claimed. */
  readonly peerId?: string;
  /** Lower-case hexadecimal. */
  readonly serialNumber?: string;
  /** ISO 8601. */
  readonly notBefore?: string;
  /** ISO 8601. */
  readonly notAfter?: string;
  /** Leaf first; of an accepted peer up to the authority that vouched for it. At most 8. */
  readonly chainSubjects?: readonly string[];
  readonly tlsVersion?: string;
  readonly cipher?: string;
  /** Code of the rule that refused the peer. */
  readonly code?: string;
  readonly reason?: string;
  readonly remoteAddress?: string | undefined;
  /** Refusals not reported since the last one that was: they are limited in rate. */
  readonly suppressed?: number;
}

export type HandshakeLog = (event: HandshakeEvent) => void;

const MAX_TEXT = 256;
const MAX_SUBJECTS = 8;

/** The text capped at 256 characters and then without any character that could forge or break a line of a log. */
export function printable(text: string, max = MAX_TEXT): string {
  const capped = text.length > max ? `${text.slice(0, max)}…` : text;
  return capped.replace(/[^\x20-\x5b\x5d-\x7e]/gu, (character) =>
    character === '…' ? '...' : `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

type Side = HandshakeEvent['side'];

export function acceptedEvent(side: Side, socket: TLSSocket, peer: PeerIdentity): HandshakeEvent {
  return {
    outcome: 'accepted',
    side,
    peerId: peer.id.toString(),
    serialNumber: peer.serialNumber,
    notBefore: peer.notBefore.toISOString(),
    notAfter: peer.notAfter.toISOString(),
    chainSubjects: peer.chain.chain
      .slice(0, MAX_SUBJECTS)
      .map((certificate) => printable(certificate.subject)),
    ...connectionOf(socket),
  };
}

/** `presented` is what the peer sent: nothing of it is verified. */
export function refusedEvent(
  side: Side,
  connection: ConnectionFields,
  presented: readonly X509Certificate[],
  error: unknown,
): HandshakeEvent {
  const leaf = presented[0];
  const rule = ruleOf(error);
  return {
    outcome: 'refused',
    side,
    ...(leaf && {
      peerId: printable(leaf.subjectAltName ?? ''),
      serialNumber: printable(leaf.serialNumber.toLowerCase(), 64),
      notBefore: iso(leaf.validFromDate),
      notAfter: iso(leaf.validToDate),
      chainSubjects: presented
        .slice(0, MAX_SUBJECTS)
        .map((certificate) => printable(subjectOf(certificate))),
    }),
    ...connection,
    code: rule.code,
    reason: printable(rule.message),
  };
}

/** The rule that was broken says more than that the peer is not trusted. */
function ruleOf(error: unknown): { code: string; message: string } {
  if (!(error instanceof MeshError)) {
    return { code: 'ERR_PEER_UNTRUSTED', message: 'The check of the peer failed.' };
  }
  const { code, message, cause } = error;
  if (!(cause instanceof MeshError)) return { code, message };
  if (code === 'ERR_PEER_UNTRUSTED') return { code: cause.code, message: cause.message };
  return { code, message: code === 'ERR_PEER_NOT_AUTHORIZED' ? cause.message : message };
}

/** Node gives one attribute a line. */
function subjectOf(certificate: X509Certificate): string {
  return (certificate.subject ?? '').slice(0, MAX_TEXT + 1).replaceAll('\n', ', ');
}

function iso(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'invalid' : date.toISOString();
}

type ConnectionFields = Pick<HandshakeEvent, 'tlsVersion' | 'cipher' | 'remoteAddress'>;

/**
 * Only while the socket lives, as in `secureConnection` and `secureConnect`: on one whose TLS was torn down
 * `getProtocol()` kills the process (a null pointer in Node 26.10).
 */
export function connectionOf(socket: TLSSocket): ConnectionFields {
  const tlsVersion = socket.getProtocol();
  return {
    ...(tlsVersion && { tlsVersion }),
    cipher: socket.getCipher().standardName,
    ...(socket.remoteAddress && { remoteAddress: socket.remoteAddress }),
  };
}

/** Refusals that are reported at once, and then a second. */
const REFUSED_BURST = 20;
const REFUSED_PER_SECOND = 5;

/** Limits the rate of refusals, which anyone can cause; accepted peers are known and pass. */
export function limitedLog(
  log: HandshakeLog | undefined,
  now: () => number = Date.now,
): HandshakeLog | undefined {
  if (!log) return undefined;
  let tokens = REFUSED_BURST;
  let last = now();
  let suppressed = 0;
  return (event) => {
    if (event.outcome === 'accepted') return log(event);
    const at = now();
    tokens = Math.min(REFUSED_BURST, tokens + (Math.max(0, at - last) / 1000) * REFUSED_PER_SECOND);
    last = at;
    if (tokens < 1) {
      suppressed++;
      return;
    }
    tokens--;
    log(suppressed > 0 ? { ...event, suppressed } : event);
    suppressed = 0;
  };
}
