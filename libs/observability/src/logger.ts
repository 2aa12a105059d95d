import { WriteStream } from 'node:tty';
import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { LOG_FIELDS, type LogEvent, type LogRecord } from './log-fields.js';
import { logError, logValue, plainText, summaryOf } from './log-value.js';
import { currentAgent, currentContext } from './request-context.js';

/** Levels by weight; `silent` writes nothing. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export const LOG_FORMATS = ['auto', 'json', 'pretty'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

export interface LoggerOptions {
  /** Default `info`. */
  readonly level?: LogLevel;
  /** `auto`: `pretty` on a terminal, `json` elsewhere. Default `auto`. */
  readonly format?: LogFormat;
  /** File descriptor 1 or 2, or a stream that the caller closes. Default 1, standard output. */
  readonly destination?: 1 | 2 | NodeJS.WritableStream;
}

/** The fields a call may give: those of the schema; agent, caller, correlation and trace come by themselves. */
export interface LogFields extends LogRecord {
  readonly event?: LogEvent;
}

/** Writes one line. Words are fixed text: what differs from line to line goes into fields. */
export interface LogMethod {
  (fields: LogFields | Error, words?: string): void;
  (words: string): void;
}

/** The process's logger: pino's, whose methods take the fields of the schema alone. */
export type Logger = Omit<pino.Logger, LogLevel> & Readonly<Record<LogLevel, LogMethod>>;

/**
 * Makes the logger: one a process. Each line names the agent that speaks and the request it serves, whoever
 * calls it, and has no field that is not in {@link LOG_FIELDS}. Texts are capped at 1024 characters, lists at 20
 * items, and hold no control characters.
 *
 * Lines are written synchronously: the last ones before an exit are not lost.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const { level = 'info', format = 'auto', destination = 1 } = options;
  const stream: pino.DestinationStream =
    typeof destination === 'number'
      ? pino.destination({ dest: destination, sync: true })
      : { write: (line) => void destination.write(line) };
  const terminal = terminalOf(destination);
  const readable = format === 'pretty' || (format === 'auto' && terminal !== undefined);
  const logger = pino(
    {
      level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: schemaOnly },
      serializers: { err: logError },
      mixin: whoSpeaks,
      // A field that a call gives never replaces who speaks.
      mixinMergeStrategy: (given, speaker) => ({ ...given, ...speaker }),
      hooks: { logMethod: withMessage },
    },
    readable ? readableForm(stream, terminal?.hasColors() === true) : stream,
  );
  // pino hands `formatters.bindings` on to no grandchild; children inherit this method.
  // eslint-disable-next-line @typescript-eslint/unbound-method -- called on the logger at hand
  logger.child = new Proxy(logger.child, {
    apply: (child, self, [bindings, options]: Parameters<Logger['child']>) =>
      Reflect.apply(child, self, [schemaOnly(bindings), options]),
  });
  return logger;
}

/** In this thread: pino's own transports need a worker and a file of their own, which a bundle does not have. */
function readableForm(stream: pino.DestinationStream, colorize: boolean): pino.DestinationStream {
  const format = prettyFactory({
    colorize,
    singleLine: true,
    translateTime: 'SYS:HH:MM:ss.l',
    messageFormat: '{if agent}{agent}: {end}{msg}',
    // For people: what finds a line again, and why; the whole of it stands in the JSON form.
    ignore:
      'agent,spiffe_id,trace_id,span_id,actors,session,event,chain_subjects,not_before,tls_version,cipher,serial_number',
  });
  return { write: (line) => stream.write(format(line)) };
}

function terminalOf(destination: 1 | 2 | NodeJS.WritableStream): WriteStream | undefined {
  const stream =
    destination === 1 ? process.stdout : destination === 2 ? process.stderr : destination;
  return stream instanceof WriteStream ? stream : undefined;
}

function whoSpeaks(): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  const agent = currentAgent();
  const request = currentContext();
  const name = request?.agent ?? agent?.agent;
  if (name !== undefined) fields['agent'] = name;
  if (agent !== undefined) fields['spiffe_id'] = agent.spiffeId;
  if (request !== undefined) {
    if (request.caller !== undefined) fields['caller_spiffe_id'] = request.caller.spiffeId;
    if (request.delegation !== undefined) {
      const { userId, txn, actors } = request.delegation;
      Object.assign(fields, { user_id: userId, txn, actors });
    }
    if (request.session !== undefined) fields['session'] = request.session;
    fields['correlation_id'] = request.correlationId;
    fields['trace_id'] = request.traceId;
    fields['span_id'] = request.traceparent.slice(36, 52);
  }
  return fields;
}

function schemaOnly(given: Record<string, unknown>): Record<string, unknown> {
  const line: Record<string, unknown> = {};
  let dropped: string[] | undefined;
  for (const field of Object.keys(given)) {
    const value = given[field];
    if (field === 'err') line[field] = value;
    else if (Object.hasOwn(LOG_FIELDS, field)) line[field] = logValue(value);
    else (dropped ??= []).push(plainText(field, 64));
  }
  if (dropped !== undefined) line['dropped'] = dropped.slice(0, 20);
  return line;
}

/**
 * A line's words are fixed text: values go into fields, so placeholders are not filled in. Without words pino
 * would take the error's own message, which {@link logError} may have reason to keep out.
 */
function withMessage(this: Logger, args: Parameters<pino.LogFn>, method: pino.LogFn): void {
  const [first, text] = args as [unknown, unknown?];
  if (typeof first === 'string') return method.call(this, {}, plainText(first));
  const fields = first instanceof Error ? { err: first } : ((first ?? {}) as LogFields);
  const words =
    typeof text === 'string' ? text : fields.err instanceof Error ? summaryOf(fields.err) : '';
  method.call(this, fields, plainText(words));
}
