import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { ProviderCheck, SearchProvider } from '../search-provider.js';
import { SEARCH_PROVIDER } from './search-provider.token.js';

/** How long an outcome counts. Tavily allows ten checks a key in ten minutes; a folder is looked at for nothing. */
const KEPT_MS: Readonly<Record<SearchProvider['name'], number>> = {
  documents: 5000,
  tavily: 90_000,
};
const TIMEOUT_MS = 6000;

/** Whether searches can be expected to work: `up` or `down`, by a check that costs nothing and is kept for a while. */
@Injectable()
export class SearchHealthIndicator {
  private checked: { readonly outcome: Promise<ProviderCheck>; readonly until: number } | undefined;

  constructor(
    @Inject(SEARCH_PROVIDER) private readonly provider: SearchProvider,
    private readonly health: HealthIndicatorService,
  ) {}

  /** @param key name in the health document. Default `search`. */
  async check<const Key extends string = 'search'>(
    key: Key = 'search' as Key,
  ): Promise<HealthIndicatorResult<Key>> {
    const indicator = this.health.check(key);
    const { ok, detail, code } = await this.outcome();
    const data = { provider: this.provider.name, detail, ...(code === undefined ? {} : { code }) };
    return ok ? indicator.up(data) : indicator.down(data);
  }

  /** One check at a time, whoever asks. */
  private outcome(): Promise<ProviderCheck> {
    const now = Date.now();
    if (this.checked === undefined || now >= this.checked.until) {
      const outcome = this.provider
        .check({ signal: AbortSignal.timeout(TIMEOUT_MS) })
        .catch(() => ({ ok: false, detail: 'the check did not end in time' }));
      this.checked = { outcome, until: now + KEPT_MS[this.provider.name] };
    }
    return this.checked.outcome;
  }
}
