import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { DraftModel, ModelCheck } from '../draft-model.js';
import { DRAFT_MODEL } from './draft-model.token.js';

/** How long an outcome counts, however often it is asked for. */
const KEPT_MS = 30_000;
const TIMEOUT_MS = 6000;

/** Whether the model can be reached with the key there is: `up` or `down`, by a check that costs nothing. */
@Injectable()
export class ModelHealthIndicator {
  private checked: { readonly outcome: Promise<ModelCheck>; readonly until: number } | undefined;

  constructor(
    @Inject(DRAFT_MODEL) private readonly model: DraftModel,
    private readonly health: HealthIndicatorService,
  ) {}

  /** @param key name in the health document. Default `model`. */
  async check<const Key extends string = 'model'>(
    key: Key = 'model' as Key,
  ): Promise<HealthIndicatorResult<Key>> {
    const indicator = this.health.check(key);
    const { ok, detail, code } = await this.outcome();
    const { provider, name } = this.model;
    const data = { provider, name, detail, ...(code === undefined ? {} : { code }) };
    return ok ? indicator.up(data) : indicator.down(data);
  }

  /** One check at a time, whoever asks. */
  private outcome(): Promise<ModelCheck> {
    const now = Date.now();
    if (this.checked === undefined || now >= this.checked.until) {
      const outcome = this.model
        .check({ signal: AbortSignal.timeout(TIMEOUT_MS) })
        .catch(() => ({ ok: false, detail: 'The check did not end in time.' }));
      this.checked = { outcome, until: now + KEPT_MS };
    }
    return this.checked.outcome;
  }
}
