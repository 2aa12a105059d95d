import { InvalidArgumentError, Option } from 'commander';
import type { Depth } from '@mesh/contracts';
import type { SampleAccountName } from '@mesh/issuer';
import { LOG_FORMATS, LOG_LEVELS } from '@mesh/observability';

// Not those of @mesh/contracts: loading it takes as long as all else that `--help` needs.
const DEPTHS = Object.keys({ fast: true, deep: true } satisfies Record<Depth, true>);
const ACCOUNTS = Object.keys({ analyst: true, reader: true, admin: true } satisfies Record<
  SampleAccountName,
  true
>);

/** Options that several commands have; each is a setting of the configuration. */
export const documents = () =>
  new Option('--documents <dir>', 'folder of .md, .txt and .html that questions are answered from');
export const model = () =>
  new Option('--model <name>', 'who writes').choices(['extractive', 'gemini']);
export const search = () =>
  new Option('--search <name>', 'where is searched').choices(['documents', 'tavily']);
export const logLevel = () =>
  new Option('--log-level <level>', 'least level that is logged').choices([...LOG_LEVELS]);
export const logFormat = () =>
  new Option('--log-format <format>', 'form of the log').choices([...LOG_FORMATS]);
export const depth = () =>
  new Option('--depth <depth>', 'how much is read').choices(DEPTHS).default('fast');
export const json = () => new Option('--json', 'print it as JSON');
export const account = () =>
  new Option('--as <account>', 'sample account of the embedded issuer; default analyst').choices(
    ACCOUNTS,
  );
export const scope = () =>
  new Option('--scope <scopes>', 'what the token is to be good for; default all that agents do');
export const at = () =>
  new Option(
    '--at <time>',
    'when the answer is known to have existed: ISO 8601, or seconds since 1970',
  ).argParser(timeOf);

/** A time of day wants its zone: two readers would take it for two times. */
function timeOf(text: string): Date {
  const day = /^(\d{4}-\d\d-\d\d)(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d))?$/.exec(
    text,
  )?.[1];
  if (/^\d{1,11}$/.test(text)) return new Date(Number(text) * 1000);
  // `new Date` takes the 30th of February for the 2nd of March.
  if (day !== undefined && isTime(text) && new Date(day).toISOString().startsWith(day)) {
    return new Date(text);
  }
  throw new InvalidArgumentError('It should be like 2026-11-24T18:30:00Z or 1795545000.');
}

function isTime(text: string): boolean {
  return !Number.isNaN(Date.parse(text));
}
