import { Module, type DynamicModule } from '@nestjs/common';
import { join } from 'node:path';
import type { AgentContext } from '@mesh/agent/nest';
import { AgentsController } from './agents/agents.controller.js';
import { MeshView } from './agents/mesh-view.js';
import { DocumentsController } from './documents/documents.controller.js';
import { ErrorsController } from './errors/errors.controller.js';
import { MeController } from './me/me.controller.js';
import { ResearchController } from './research/research.controller.js';
import { SignInModule } from './sign-in/sign-in.module.js';
import { ArchiveFile } from './trust/archive-file.js';
import { TrustController } from './trust/trust.controller.js';
import { WebController } from './web/web.controller.js';
import { WebPages } from './web/web-pages.js';

@Module({})
export class GatewayModule {
  static for(context: AgentContext): DynamicModule {
    const { config, directory } = context;
    return {
      module: GatewayModule,
      imports: [SignInModule.for(context)],
      controllers: [
        WebController,
        MeController,
        ResearchController,
        DocumentsController,
        AgentsController,
        TrustController,
        ErrorsController,
      ],
      providers: [
        MeshView,
        { provide: WebPages, useFactory: () => new WebPages(config.web) },
        {
          provide: ArchiveFile,
          useFactory: () =>
            new ArchiveFile(
              join(config.state, 'trust', 'mesh-archive.json'),
              directory.trustDomain,
            ),
        },
      ],
    };
  }
}
