import { Module, type DynamicModule } from '@nestjs/common';
import type { AgentContext } from '@mesh/agent/nest';
import { ExtractiveWriter } from '@mesh/llm';
import { LlmModule, type LlmModuleOptions } from '@mesh/llm/nest';
import { DraftsController } from './drafts/drafts.controller.js';
import { geminiOptions } from './gemini.js';

@Module({})
export class WriterModule {
  static async for(context: AgentContext): Promise<DynamicModule> {
    const options: LlmModuleOptions =
      context.config.model === 'gemini'
        ? { gemini: await geminiOptions(context) }
        : { model: new ExtractiveWriter() };
    return {
      module: WriterModule,
      imports: [LlmModule.register(options)],
      controllers: [DraftsController],
    };
  }
}
