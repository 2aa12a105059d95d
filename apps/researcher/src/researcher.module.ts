import { join } from 'node:path';
import { Module, type DynamicModule } from '@nestjs/common';
import type { AgentContext } from '@mesh/agent/nest';
import { DocumentSearch } from '@mesh/search';
import { ResearchController } from './research/research.controller.js';

@Module({})
export class ResearcherModule {
  static async for({ config, onProgress, signal }: AgentContext): Promise<DynamicModule> {
    const search = await DocumentSearch.open({
      directory: config.documents,
      cacheFile: join(config.state, 'index', 'documents.json'),
      signal,
      onProgress: ({ done, total }) => onProgress({ what: 'Indexing documents', done, total }),
    });
    return {
      module: ResearcherModule,
      controllers: [ResearchController],
      providers: [{ provide: 'SEARCH_PROVIDER', useValue: search }],
    };
  }
}
