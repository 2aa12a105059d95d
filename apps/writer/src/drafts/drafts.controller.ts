import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { AGENT_CONTEXT, type AgentContext } from '@mesh/agent/nest';
import { DraftDto, DraftRequestDto, type AgentEvent } from '@mesh/contracts';
import { Action } from '@mesh/identity/nest';
import type { DraftModel } from '@mesh/llm';
import { DRAFT_MODEL } from '@mesh/llm/nest';
import { requireContext } from '@mesh/observability';

/** Notes and sources in, an article with numbered citations out. */
@Controller('v1/drafts')
export class DraftsController {
  constructor(
    @Inject(DRAFT_MODEL) private readonly model: DraftModel,
    @Inject(AGENT_CONTEXT) private readonly context: AgentContext,
  ) {}

  @Post()
  @HttpCode(200)
  @Action('draft:write')
  async *draft(@Body() request: DraftRequestDto): AsyncGenerator<AgentEvent<DraftDto>> {
    const { signal, deadline } = requireContext();
    yield { type: 'progress', stage: 'writing', agent: this.context.name };
    for await (const chunk of this.model.draft(request, { signal, deadline })) {
      if (chunk.type === 'text') {
        yield { type: 'text', text: chunk.text };
        continue;
      }
      const { article, answered, model } = chunk;
      yield { type: 'done', result: { article, answered, model, agents: [this.context.self()] } };
    }
  }
}
