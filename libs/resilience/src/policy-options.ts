import { PolicyError } from './policy.error.js';

/** How a peer or provider is called. Times in milliseconds. */
export interface PolicyOptions {
  /** For a whole call with its retries and its stream. A call's own deadline can only be earlier. 1 to 600000, default 30000. */
  readonly deadlineMs: number;
  /** For one try: to its result, of a stream to its first item. 1 to 600000, default 10000. */
  readonly tryTimeoutMs: number;
  /** Between two items of a stream, while the consumer waits. 1 to 600000, default 15000. */
  readonly idleTimeoutMs: number;
  /** Tries after the first, at most. 0 to 10, default 2. */
  readonly retries: number;
  /** The wait before retry n is random in 0 to min(backoffMaxMs, backoffBaseMs * 2^(n-1)). 1 to 60000, default 100. */
  readonly backoffBaseMs: number;
  /** At least backoffBaseMs. 1 to 60000, default 2000. */
  readonly backoffMaxMs: number;
  readonly retryBudget: RetryBudgetOptions;
  readonly breaker: BreakerOptions;
}

/** However much fails, n requests cause at most n * ratio + reserve retries. */
export interface RetryBudgetOptions {
  /** 0 to 1 in steps of 0.001, default 0.2. */
  readonly ratio: number;
  /** Retries that are there at the start and can be saved up. 0 to 1000, default 10. */
  readonly reserve: number;
}

export interface BreakerOptions {
  /** Opens when more than this share of calls fails. 1 to 99, default 50. */
  readonly errorThresholdPercent: number;
  /** Calls within rollingMs before it may open. 1 to 10000, default 10. */
  readonly volumeThreshold: number;
  /** How long it stays open before one probe is let through. 10 to 600000, default 10000. */
  readonly resetMs: number;
  /** The window that calls are counted in. 100 to 600000, default 10000. */
  readonly rollingMs: number;
}

/** What may be left out has its default. */
export type PolicySettings = Partial<Omit<PolicyOptions, 'retryBudget' | 'breaker'>> & {
  readonly retryBudget?: Partial<RetryBudgetOptions>;
  readonly breaker?: Partial<BreakerOptions>;
};

interface Rule {
  readonly min: number;
  readonly max: number;
  readonly standard: number;
  readonly fraction?: true;
}

const rules = {
  deadlineMs: { min: 1, max: 600_000, standard: 30_000 },
  tryTimeoutMs: { min: 1, max: 600_000, standard: 10_000 },
  idleTimeoutMs: { min: 1, max: 600_000, standard: 15_000 },
  retries: { min: 0, max: 10, standard: 2 },
  backoffBaseMs: { min: 1, max: 60_000, standard: 100 },
  backoffMaxMs: { min: 1, max: 60_000, standard: 2_000 },
} as const satisfies Record<string, Rule>;

const budgetRules = {
  ratio: { min: 0, max: 1, standard: 0.2, fraction: true },
  reserve: { min: 0, max: 1_000, standard: 10 },
} as const satisfies Record<string, Rule>;

const breakerRules = {
  // At 100 opossum would never open: it asks for more than the threshold.
  errorThresholdPercent: { min: 1, max: 99, standard: 50 },
  volumeThreshold: { min: 1, max: 10_000, standard: 10 },
  resetMs: { min: 10, max: 600_000, standard: 10_000 },
  rollingMs: { min: 100, max: 600_000, standard: 10_000 },
} as const satisfies Record<string, Rule>;

/**
 * Fills in defaults and checks limits. `policy` is named in the message, as is the option at fault.
 * Throws `ERR_POLICY_OPTION_INVALID`, also for an option that does not exist.
 */
export function parsePolicyOptions(policy: string, settings: PolicySettings): PolicyOptions {
  const { retryBudget = {}, breaker = {}, ...rest } = settings;
  const options: PolicyOptions = {
    ...numbers(policy, '', rules, rest),
    retryBudget: numbers(policy, 'retryBudget.', budgetRules, retryBudget),
    breaker: numbers(policy, 'breaker.', breakerRules, breaker),
  };
  if (options.backoffMaxMs < options.backoffBaseMs) {
    throw invalid(policy, 'backoffMaxMs', `at least backoffBaseMs, ${options.backoffBaseMs}`);
  }
  return options;
}

function numbers<K extends string>(
  policy: string,
  prefix: string,
  table: Record<K, Rule>,
  given: Partial<Record<K, number>>,
): Record<K, number> {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw invalid(policy, prefix.slice(0, -1) || 'options', 'an object');
  }
  for (const key of Object.keys(given)) {
    if (!Object.hasOwn(table, key)) {
      throw invalid(policy, prefix + key, `one of ${Object.keys(table).join(', ')}`);
    }
  }
  const entries = (Object.entries(table) as [K, Rule][]).map(([key, rule]) => {
    // Not `??`: null is a mistake in a file, not an option left out.
    const value: unknown = given[key] === undefined ? rule.standard : given[key];
    const fits =
      typeof value === 'number' &&
      value >= rule.min &&
      value <= rule.max &&
      (rule.fraction === true || Number.isInteger(value));
    if (!fits) {
      const kind = rule.fraction === true ? 'a number' : 'a whole number';
      throw invalid(policy, prefix + key, `${kind} from ${rule.min} to ${rule.max}`);
    }
    return [key, value] as const;
  });
  return Object.fromEntries(entries) as Record<K, number>;
}

function invalid(policy: string, option: string, expected: string): PolicyError {
  return new PolicyError(
    'ERR_POLICY_OPTION_INVALID',
    `Option ${option} of the policy ${policy} must be ${expected}.`,
    policy,
  );
}
