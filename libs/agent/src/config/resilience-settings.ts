import { parsePolicyOptions, PolicyError, type PolicySettings } from '@mesh/resilience';
import { numberOf, type Kind } from './kinds.js';
import type { NamedSetting } from './settings.js';

/** Providers outside of the mesh that agents call; with the agents, the names of the policies there are. */
export const PROVIDERS = ['gemini', 'tavily'] as const;

/** Where the defaults of @mesh/resilience do not fit what is called. */
const TUNED: Readonly<Record<string, PolicySettings>> = {
  // A model may think for long before its first word, and pause.
  gemini: { deadlineMs: 60_000, tryTimeoutMs: 30_000, idleTimeoutMs: 20_000 },
  tavily: { deadlineMs: 20_000, tryTimeoutMs: 8_000 },
};
/** An agent waits for those it calls in turn, so it may take as long as the request's own deadline says. */
const AGENT: PolicySettings = { deadlineMs: 120_000, tryTimeoutMs: 60_000, idleTimeoutMs: 60_000 };

/** Options of a policy with what they mean; limits and defaults are those of @mesh/resilience. */
const OPTIONS = {
  deadlineMs: 'for a whole call with its retries, in milliseconds',
  tryTimeoutMs: 'for one try, of a stream to its first item, in milliseconds',
  idleTimeoutMs: 'between two items of a stream, in milliseconds',
  retries: 'tries after the first, at most',
  backoffBaseMs: 'longest wait before the first retry, in milliseconds',
  backoffMaxMs: 'longest wait before any retry, in milliseconds',
  'retryBudget.ratio': 'retries for each request, at most, however much fails',
  'retryBudget.reserve': 'retries that can be saved up',
  'breaker.errorThresholdPercent': 'the breaker opens when more than this share of calls fails',
  'breaker.volumeThreshold': 'calls in the window before it may open',
  'breaker.resetMs': 'how long it stays open before a probe, in milliseconds',
  'breaker.rollingMs': 'the window that calls are counted in, in milliseconds',
} as const;

type Option = keyof typeof OPTIONS;

/** The settings `resilience.<name>.…`, one for each option of a policy. */
export const resilienceSettings: readonly (NamedSetting<number> & { readonly option: Option })[] = (
  Object.keys(OPTIONS) as Option[]
).map((option) => ({
  option,
  kind: optionKind(option),
  key: `resilience.<name>.${option}`,
  variable: `MESH_RESILIENCE_<NAME>_${option.replace(/[.]|(?=[A-Z])/g, '_').toUpperCase()}`,
  description: OPTIONS[option],
  shown: shown(option),
}));

/** The settings of the policy `name`: the tuned defaults with what is configured over them. */
export function policySettings(
  name: string,
  configured: (option: string) => number | undefined,
): PolicySettings {
  let result: PolicySettings = TUNED[name] ?? AGENT;
  for (const { option } of resilienceSettings) {
    const value = configured(option);
    if (value !== undefined) result = withOption(result, option, value);
  }
  return result;
}

function withOption(settings: PolicySettings, option: Option, value: number): PolicySettings {
  const [first, second] = option.split('.') as [keyof PolicySettings, string?];
  if (second === undefined) return { ...settings, [first]: value };
  return { ...settings, [first]: { ...(settings[first] as object | undefined), [second]: value } };
}

function optionKind(option: Option): Kind<number> {
  let holds = 'a number';
  try {
    parsePolicyOptions('', withOption({}, option, -1));
  } catch (error) {
    if (error instanceof PolicyError) holds = / must be (.*)\.$/.exec(error.message)?.[1] ?? holds;
  }
  return {
    holds,
    parse: (raw) => {
      const value = numberOf(raw);
      if (value === undefined) return undefined;
      try {
        // Alone: backoffMaxMs is held against backoffBaseMs when all of the policy's settings are known.
        parsePolicyOptions('', {
          ...(option === 'backoffBaseMs' ? { backoffMaxMs: 60_000 } : {}),
          ...(option === 'backoffMaxMs' ? { backoffBaseMs: 1 } : {}),
          ...withOption({}, option, value),
        });
        return value;
      } catch (error) {
        if (error instanceof PolicyError) return undefined;
        throw error;
      }
    },
    format: String,
  };
}

function shown(option: Option): string {
  const [first, second] = option.split('.') as [keyof PolicySettings, string?];
  const of = (settings: PolicySettings): string => {
    const value: unknown = parsePolicyOptions('', settings)[first];
    return String(second === undefined ? value : (value as Record<string, number>)[second]);
  };
  const agents = of(AGENT);
  const others = PROVIDERS.map((name) => [name, of(TUNED[name] ?? {})] as const);
  const differing = others.filter(([, value]) => value !== agents);
  return [`\`${agents}\``, ...differing.map(([name, value]) => `${name} \`${value}\``)].join(', ');
}
