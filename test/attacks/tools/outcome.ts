import type { Minted } from '@test/kit';
import { responsesOf } from '../../kit/raw-http.js';
import { SUCCEEDED } from '../attack.js';
import type { LogBook, LogLine } from '../mesh/log-book.js';
import { serialNumberOf } from '../mesh/minting-authority.js';
import { ConnectionClosed, keep, type WireResponse } from './wire.js';

/** What an HTTP answer comes to: the code of its problem, or of an OAuth error. */
export function outcomeOf({ status, body }: Pick<WireResponse, 'status' | 'body'>): string {
  if (status < 300) return SUCCEEDED;
  try {
    const { code, error } = JSON.parse(body) as { code?: string; error?: string };
    return code ?? error ?? `status ${status}`;
  } catch {
    return `status ${status}`;
  }
}

/** An agent logs twenty refused handshakes at once and then five a second: who is not in the log tries again. */
const TRIES = 3;

/**
 * What comes of an attempt whose peer may close without a word, as TLS 1.3 does: then the refuser's log says why, in the
 * line of the handshake with this very certificate.
 * @param shown Undefined: no certificate was shown.
 * @param attempt Gives undefined where it was refused without a word.
 */
export async function refusedHandshake(
  log: LogBook,
  shown: Minted | undefined,
  attempt: () => Promise<string | undefined>,
): Promise<string> {
  const serialNumber = shown && serialNumberOf(shown);
  for (let tries = 0; tries < TRIES; tries++) {
    const since = log.lines.length;
    const told = await attempt();
    if (told !== undefined) return told;
    const line = await log.find(
      (one) =>
        one['event'] === 'handshake' &&
        one['outcome'] === 'refused' &&
        one['serial_number'] === serialNumber,
      since,
    );
    if (line !== undefined) return ruleOf(line);
  }
  return 'closed, and no line in the log says why';
}

/** The same of a request. */
export function requestOutcome(
  log: LogBook,
  shown: Minted | undefined,
  request: () => Promise<Pick<WireResponse, 'status' | 'body'>>,
): Promise<string> {
  return refusedHandshake(log, shown, () => unlessClosed(async () => outcomeOf(await request())));
}

/** Undefined where the connection was closed. */
export async function unlessClosed<T>(act: () => Promise<T>): Promise<T | undefined> {
  try {
    return await act();
  } catch (error) {
    if (error instanceof ConnectionClosed) return undefined;
    throw error;
  }
}

/** The code of the rule that was broken. Where OpenSSL refused, its own code stands behind it. */
function ruleOf(line: LogLine): string {
  const openSsl = /OpenSSL refused .*: ([A-Z_]+)\.$/.exec(line['reason'] as string)?.[1];
  const code = line['code'] as string;
  return openSsl === undefined ? code : `${code} ${openSsl}`;
}

/** What the first of the answers comes to that came as bytes from the gateway. */
export function firstOutcome(text: string): string {
  keep('the gateway', text);
  const [first] = responsesOf(text);
  return first === undefined ? 'closed without an answer' : outcomeOf(first);
}
