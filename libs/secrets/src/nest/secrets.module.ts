import { ConfigurableModuleBuilder, Inject, Module, type OnModuleDestroy } from '@nestjs/common';
import { ScopedSecretSource } from '../scoped-secret-source.js';
import type { SecretSource } from '../secret-source.js';

export interface SecretsModuleOptions {
  /** Belongs to whoever made it: the module does not close it. */
  readonly source: SecretSource;
  /** The secrets this agent may read: `secrets` of its agent.yaml. Any other is `ERR_SECRET_NOT_DECLARED`. */
  readonly names: readonly string[];
}

/** Token of the agent's `SecretSource`. */
export const SECRET_SOURCE = Symbol('SECRET_SOURCE');

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<SecretsModuleOptions>()
    .setExtras({ isGlobal: true }, (definition, { isGlobal }) => ({
      ...definition,
      global: isGlobal,
    }))
    .build();

/** Gives an agent `SECRET_SOURCE`, narrowed to what it declared. Global, unless `isGlobal: false`. */
@Module({
  providers: [
    {
      provide: SECRET_SOURCE,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: ({ source, names }: SecretsModuleOptions) =>
        new ScopedSecretSource(source, names),
    },
  ],
  exports: [SECRET_SOURCE],
})
export class SecretsModule extends ConfigurableModuleClass implements OnModuleDestroy {
  constructor(@Inject(SECRET_SOURCE) private readonly source: SecretSource) {
    super();
  }

  onModuleDestroy(): void {
    this.source.close();
  }
}
