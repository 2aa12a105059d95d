import { randomUUID } from 'node:crypto';

const WELL_FORMED = /^[A-Za-z0-9._-]{8,64}$/;

/** True for 8 to 64 characters of `[A-Za-z0-9._-]`: safe in a header, a log line and a file name. */
export function isCorrelationId(value: unknown): value is string {
  return typeof value === 'string' && WELL_FORMED.test(value);
}

/** A fresh one: a random UUID. */
export function newCorrelationId(): string {
  return randomUUID();
}

/** The sender's correlation ID if it is well formed, else a fresh one. Takes the header as Node reports it. */
export function receiveCorrelationId(header: string | readonly string[] | undefined): string {
  return isCorrelationId(header) ? header : newCorrelationId();
}
