import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { HttpModule, HttpService } from '@nestjs/axios';
import { Module, type DynamicModule } from '@nestjs/common';
import type { AgentContext } from '@mesh/agent/nest';
import { assertDeclaredHost } from '@mesh/egress';
import { SearchModule, type SearchModuleOptions } from '@mesh/search/nest';
import { DocumentsController } from './documents/documents.controller.js';
import { ResearchController } from './research/research.controller.js';

@Module({})
export class ResearcherModule {
  static for(context: AgentContext): DynamicModule {
    return {
      module: ResearcherModule,
      imports: [
        SearchModule.registerAsync({
          // Registered, so that it has a client of its own: the module as it is shares one with the whole process.
          imports: [HttpModule.register({})],
          inject: [HttpService],
          useFactory: (http: HttpService): SearchModuleOptions =>
            context.config.search === 'tavily' ? tavily(context, http) : documents(context),
        }),
      ],
      controllers: [ResearchController, DocumentsController],
    };
  }
}

function tavily(context: AgentContext, http: HttpService): SearchModuleOptions {
  assertDeclaredHost(context.name, context.config.tavilyUrl, context.file.hosts);
  return {
    tavily: {
      http: http.axiosRef,
      secrets: context.secrets,
      policy: context.policy('tavily'),
      baseUrl: context.config.tavilyUrl,
    },
  };
}

function documents({ config, logger, onProgress, signal }: AgentContext): SearchModuleOptions {
  const folder = createHash('sha256').update(config.documents).digest('hex').slice(0, 16);
  return {
    documents: {
      directory: config.documents,
      cacheFile: join(config.state, 'index', `${folder}.json`),
      signal,
      onProgress: ({ done, total }) => onProgress({ what: 'Indexing documents', done, total }),
      onWarning: ({ path, reason, message }) =>
        logger.warn({ event: 'document.skipped', name: path, reason }, message),
    },
  };
}
