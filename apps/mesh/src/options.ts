import { Option } from 'commander';
import type { Depth } from '@mesh/contracts';
import { LOG_FORMATS, LOG_LEVELS } from '@mesh/observability';

// Not those of @mesh/contracts: loading it takes as long as all else that `--help` needs.
const DEPTHS = Object.keys({ fast: true, deep: true } satisfies Record<Depth, true>);

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
