import type { Policy } from '@mesh/resilience';
import type { SecretSource } from '@mesh/secrets';
import {
  ConfigurableModuleBuilder,
  Inject,
  Module,
  type OnApplicationShutdown,
} from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { AxiosInstance } from 'axios';
import { DocumentSearch, type DocumentSearchOptions } from '../documents/document-search.js';
import type { SearchProvider } from '../search-provider.js';
import { TavilySearch, type TavilySearchOptions } from '../tavily/tavily-search.js';
import { SEARCH_PROVIDER } from './search-provider.token.js';
import { SearchHealthIndicator } from './search.health.js';

/**
 * Which search: a folder of documents, which the module opens and closes; Tavily; or a provider that is open, which
 * whoever opened it closes.
 */
export type SearchModuleOptions =
  | { readonly documents: DocumentSearchOptions }
  | {
      readonly tavily: TavilySearchOptions & {
        readonly http: AxiosInstance;
        readonly secrets: SecretSource;
        readonly policy: Policy;
      };
    }
  | { readonly provider: SearchProvider };

const { ConfigurableModuleClass, MODULE_OPTIONS_TOKEN } =
  new ConfigurableModuleBuilder<SearchModuleOptions>({ moduleName: 'Search' }).build();

/**
 * Gives the researcher `SEARCH_PROVIDER` and `SearchHealthIndicator`. The application starts once the documents are
 * indexed, and fails to start with `DocumentsError` where they cannot be.
 *
 * @example
 * SearchModule.register({ documents: { directory: 'docs', cacheFile: '.mesh/documents.index' } })
 */
@Module({
  imports: [TerminusModule],
  providers: [
    {
      provide: SEARCH_PROVIDER,
      inject: [MODULE_OPTIONS_TOKEN],
      useFactory: providerOf,
    },
    SearchHealthIndicator,
  ],
  exports: [SEARCH_PROVIDER, SearchHealthIndicator],
})
export class SearchModule extends ConfigurableModuleClass implements OnApplicationShutdown {
  constructor(
    @Inject(MODULE_OPTIONS_TOKEN) private readonly options: SearchModuleOptions,
    @Inject(SEARCH_PROVIDER) private readonly provider: SearchProvider,
  ) {
    super();
  }

  async onApplicationShutdown(): Promise<void> {
    if (!('provider' in this.options)) await this.provider.close();
  }
}

async function providerOf(options: SearchModuleOptions): Promise<SearchProvider> {
  if ('provider' in options) return options.provider;
  if ('documents' in options) return DocumentSearch.open(options.documents);
  const { http, secrets, policy, ...rest } = options.tavily;
  return new TavilySearch(http, secrets, policy, rest);
}
