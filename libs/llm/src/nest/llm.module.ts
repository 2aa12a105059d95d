import { HttpModule, HttpService } from '@nestjs/axios';
import { ConfigurableModuleBuilder, Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { Policy } from '@mesh/resilience';
import type { SecretSource } from '@mesh/secrets';
import type { DraftModel } from '../draft-model.js';
import { GeminiClient, type GeminiClientOptions } from '../gemini/gemini-client.js';
import { GeminiWriter } from '../gemini/gemini-writer.js';
import { DRAFT_MODEL } from './draft-model.token.js';
import { ModelHealthIndicator } from './model.health.js';

/** Which model writes: Gemini, whose secrets and policy stay the caller's; or one that there is, such as the embedded. */
export type LlmModuleOptions =
  | {
      readonly gemini: GeminiClientOptions & {
        readonly secrets: SecretSource;
        readonly policy: Policy;
      };
    }
  | { readonly model: DraftModel };

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<LlmModuleOptions>({ moduleName: 'Llm' }).build();

/**
 * Gives the writer `DRAFT_MODEL` and `ModelHealthIndicator`. Fails to start with `ERR_EGRESS_URL_INVALID`. A missing
 * key shows in health and at the first call, so that it can be set while the agent runs.
 *
 * @example
 * LlmModule.register({ model: new ExtractiveWriter() })
 */
@Module({
  // Registered, so that it has a client of its own: the module as it is shares one with the whole process.
  imports: [TerminusModule, HttpModule.register({})],
  providers: [
    { provide: DRAFT_MODEL, inject: [MODULE_OPTIONS_TOKEN, HttpService], useFactory: modelOf },
    ModelHealthIndicator,
  ],
  exports: [DRAFT_MODEL, ModelHealthIndicator],
})
export class LlmModule extends ConfigurableModuleClass {}

function modelOf(options: LlmModuleOptions, { axiosRef }: HttpService): DraftModel {
  if ('model' in options) return options.model;
  const { secrets, policy, ...rest } = options.gemini;
  return new GeminiWriter(new GeminiClient(axiosRef, secrets, rest), policy);
}
