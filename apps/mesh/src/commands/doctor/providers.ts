import axios from 'axios';
import type { MeshConfig } from '@mesh/agent';
import { errorEntry, hasCode, type ErrorCode } from '@mesh/errors';
import { GeminiClient, GeminiWriter } from '@mesh/llm';
import { Policy } from '@mesh/resilience';
import { TavilySearch } from '@mesh/search';
import { FileSecretSource } from '@mesh/secrets';
import { failureLine } from '../../failure-line.js';
import type { StateFolder } from '../../state/state-folder.js';
import { ok, skipped, wrong, type Finding } from './finding.js';
import { clockAgainst } from './machine.js';

/** How long a provider may take, in milliseconds. */
const ANSWER_MS = 10_000;

type Check = (options: {
  readonly signal: AbortSignal;
}) => Promise<{ readonly ok: boolean; readonly detail: string; readonly code?: ErrorCode }>;

/** Tries each stored key by a call that costs nothing. */
export async function* checkProviders(
  config: MeshConfig,
  state: StateFolder,
): AsyncGenerator<Finding> {
  const secrets = new FileSecretSource(state.secrets);
  const http = axios.create();
  let date: unknown;
  http.interceptors.response.use((response) => {
    date = response.headers['date'];
    return response;
  });
  const policies = { gemini: new Policy('gemini', {}), tavily: new Policy('tavily', {}) };
  const gemini = new GeminiWriter(
    new GeminiClient(http, secrets, { baseUrl: config.geminiUrl, model: config.geminiModel }),
    policies.gemini,
  );
  const tavily = new TavilySearch(http, secrets, policies.tavily, { baseUrl: config.tavilyUrl });
  const providers: readonly { name: string; used: boolean; url: string; check: Check }[] = [
    {
      name: 'gemini',
      used: config.model === 'gemini',
      url: config.geminiUrl,
      check: (options) => gemini.check(options),
    },
    {
      name: 'tavily',
      used: config.search === 'tavily',
      url: config.tavilyUrl,
      check: (options) => tavily.check(options),
    },
  ];
  for (const { name, used, url, check } of providers) {
    const what = `key of ${name}`;
    const missing = await noKey(secrets, name, what, used);
    if (missing !== undefined) {
      yield missing;
      continue;
    }
    date = undefined;
    const outcome = await check({ signal: AbortSignal.timeout(ANSWER_MS) });
    yield outcome.ok
      ? ok(what, outcome.detail)
      : wrong(what, `${sentence(outcome.detail)}${remedyOf(outcome.code)} (at ${url})`);
    const clock = clockAgainst(name, date);
    if (clock !== undefined) yield clock;
  }
  for (const policy of Object.values(policies)) policy.close();
}

function sentence(text: string): string {
  return text.endsWith('.') ? text : `${text}.`;
}

function remedyOf(code: ErrorCode | undefined): string {
  const entry = code === undefined ? undefined : errorEntry(code);
  return entry === undefined ? '' : ` ${entry.remedy}`;
}

/** What there is to say where there is no key that could be tried. */
async function noKey(
  secrets: FileSecretSource,
  name: string,
  what: string,
  used: boolean,
): Promise<Finding | undefined> {
  try {
    await secrets.get(name);
    return undefined;
  } catch (error) {
    if (!hasCode(error, 'ERR_SECRET_NOT_FOUND')) return wrong(what, failureLine(error));
    const hint = `none is stored: ./mesh secret set ${name}`;
    return used ? wrong(what, hint) : skipped(what, `${hint} (only if you want to use it)`);
  }
}
