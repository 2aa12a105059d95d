import { MeshError } from '@mesh/errors';
import { currentContext } from './request-context.js';

/** Longest text of one field, in UTF-16 units; 'time' to 'code' of a usual line are far below. */
export const MAX_TEXT = 1024;
const MAX_ITEMS = 20;
const MAX_FRAMES = 20;
const MAX_CAUSES = 5;
const FRAME = /^ {4}at .*(?::\d+:\d+\)?|\((?:<anonymous>|native|index \d+)\))$/;

const PRINTABLE_ASCII = /^[ -~]*$/;
// Text from certificates and headers reaches a terminal: no escape sequences, no new lines, no reversed reading, no
// half characters.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Text that is safe on a terminal and not longer than `max`. */
export function plainText(text: string, max = MAX_TEXT): string {
  // Nearly all text is this.
  if (text.length <= max && PRINTABLE_ASCII.test(text)) return text;
  const short = text.length > max ? `${text.slice(0, max)}…` : text;
  return short.replace(UNPRINTABLE, '\ufffd');
}

/** A value as a line may carry it: scalars, capped text, dates, short lists. Anything else is named by its type. */
export function logValue(value: unknown, inList = false): unknown {
  switch (typeof value) {
    case 'string':
      return plainText(value);
    case 'number':
    case 'boolean':
    case 'undefined':
      return value;
    case 'bigint':
      return plainText(value.toString());
    case 'object':
      if (value === null) return null;
      if (value instanceof Date)
        return isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
      if (Array.isArray(value) && !inList) {
        return value.slice(0, MAX_ITEMS).map((item) => logValue(item, true));
      }
      return `[${value.constructor?.name ?? 'object'}]`;
    default:
      return `[${typeof value}]`;
  }
}

/** An error as a line carries it. */
export interface LoggedError {
  readonly name: string;
  readonly code?: string;
  readonly message?: string;
  /** Where it was thrown: frames alone, since an error's stack begins with its message. */
  readonly stack?: readonly string[];
  readonly cause?: LoggedError;
}

/**
 * An error without what others wrote into it. The message of this project's errors is kept: it holds no prompt,
 * token or key (see `MeshError`). The message of any other is kept outside of requests alone, where there is no
 * prompt, answer or header that it could quote (`JSON.parse` quotes its input). Of errors of the system their
 * own words are kept always: call, address, port. No other property is logged.
 */
export function logError(error: unknown, depth = 0): LoggedError {
  if (!(error instanceof Error)) return { name: `[${typeof error}]` };
  const code = codeOf(error);
  const message = messageOf(error);
  const frames = framesOf(error);
  return {
    name: plainText(String(error.name), 64),
    ...(code === undefined ? {} : { code }),
    ...(message === undefined ? {} : { message }),
    ...(frames.length === 0 ? {} : { stack: frames }),
    ...(error.cause instanceof Error && depth < MAX_CAUSES
      ? { cause: logError(error.cause, depth + 1) }
      : {}),
  };
}

/** One line for an error that was logged without words of its own. */
export function summaryOf(error: Error): string {
  return messageOf(error) ?? codeOf(error) ?? plainText(String(error.name), 64);
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code) ? code : undefined;
}

function messageOf(error: Error): string | undefined {
  if (error instanceof MeshError) return plainText(error.message);
  const { syscall, errno, address, port } = error as NodeJS.ErrnoException & {
    address?: unknown;
    port?: unknown;
  };
  if (typeof syscall === 'string' && typeof errno === 'number') {
    const where = typeof address === 'string' ? ` ${address}` : '';
    return plainText(`${syscall}${where}${typeof port === 'number' ? `:${port}` : ''}`);
  }
  return currentContext() === undefined ? plainText(error.message) : undefined;
}

function framesOf(error: Error): string[] {
  const stack = typeof error.stack === 'string' ? error.stack : '';
  // Cut the message off first: a line of it could look like a frame.
  const begin = error.message === '' ? -1 : stack.indexOf(error.message);
  const lines = (begin < 0 ? stack : stack.slice(begin + error.message.length)).split('\n');
  return lines
    .filter((line) => FRAME.test(line))
    .slice(0, MAX_FRAMES)
    .map((line) => plainText(line.trim(), 300));
}
