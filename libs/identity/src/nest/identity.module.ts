import {
  ConfigurableModuleBuilder,
  Global,
  Inject,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { X509Source, type X509SourceOptions } from '../x509-source/x509-source.js';
import { IdentityHealthIndicator } from './identity.health.js';
import { X509_SOURCE } from './x509-source.token.js';

/**
 * Either how to open the source, which the module then closes when the application shuts down; or one that is open,
 * which whoever opened it closes.
 */
export type IdentityModuleOptions =
  | (X509SourceOptions & { readonly signal?: AbortSignal; readonly source?: undefined })
  | { readonly source: X509Source };

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<IdentityModuleOptions>({ moduleName: 'Identity' }).build();

/**
 * Makes the workload's identity known to the whole application: `X509_SOURCE` and `IdentityHealthIndicator`. The
 * application starts once there is an SVID, or fails when `signal` says so.
 *
 * @example
 * IdentityModule.register({ address: 'unix:///run/spire/agent.sock' })
 */
@Global()
@Module({
  imports: [TerminusModule],
  providers: [
    {
      provide: X509_SOURCE,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: (options: IdentityModuleOptions) => options.source ?? X509Source.create(options),
    },
    IdentityHealthIndicator,
  ],
  exports: [X509_SOURCE, IdentityHealthIndicator],
})
export class IdentityModule extends ConfigurableModuleClass implements OnApplicationShutdown {
  constructor(
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: IdentityModuleOptions,
    @Inject(X509_SOURCE) private readonly source: X509Source,
  ) {
    super();
  }

  onApplicationShutdown(): void {
    if (!this.options.source) this.source.close();
  }
}
