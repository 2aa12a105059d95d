import { Module, type DynamicModule } from '@nestjs/common';
import type { AgentContext } from '@mesh/agent/nest';
import { ErrorsController } from './errors/errors.controller.js';
import { ResearchController } from './research/research.controller.js';
import { TrustController } from './trust/trust.controller.js';
import { WebController } from './web/web.controller.js';
import { WebPages } from './web/web-pages.js';

@Module({})
export class GatewayModule {
  static for({ config }: AgentContext): DynamicModule {
    return {
      module: GatewayModule,
      controllers: [WebController, ResearchController, TrustController, ErrorsController],
      providers: [{ provide: WebPages, useFactory: () => new WebPages(config.web) }],
    };
  }
}
