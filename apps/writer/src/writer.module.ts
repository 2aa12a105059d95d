import { Module, type DynamicModule } from '@nestjs/common';
import type { AgentContext } from '@mesh/agent/nest';
import { ExtractiveWriter } from '@mesh/llm';
import { DraftsController } from './drafts/drafts.controller.js';

@Module({})
export class WriterModule {
  static for(_context: AgentContext): DynamicModule {
    return {
      module: WriterModule,
      controllers: [DraftsController],
      providers: [{ provide: 'DRAFT_MODEL', useClass: ExtractiveWriter }],
    };
  }
}
