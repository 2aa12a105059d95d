import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { AGENT_CONTEXT, type AgentContext } from '@mesh/agent/nest';
import { DraftDto, DraftRequestDto, type AgentEvent, type Unsigned } from '@mesh/contracts';
import { Action } from '@mesh/identity/nest';
import type { DraftModel } from '@mesh/llm';
import { DRAFT_MODEL } from '@mesh/llm/nest';
import { requireContext } from '@mesh/observability';
import { recordOf } from '@mesh/signing';

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
  async *draft(@Body() request: DraftRequestDto): AsyncGenerator<AgentEvent<Unsigned<DraftDto>>> {
    const context = requireContext();
    const { signal, deadline } = context;
    const record = recordOf(context);
    for (const source of request.sources) record.source(source);
    yield { type: 'progress', stage: 'writing', agent: this.context.name };
    for await (const chunk of this.model.draft(request, { signal, deadline })) {
      if (chunk.type === 'text') {
        yield { type: 'text', text: chunk.text };
        continue;
      }
      const { article, answered, model, tokens } = chunk;
      record.producer({
        kind: model.used ? 'model' : 'tool',
        provider: model.provider,
        name: model.name,
        ...(tokens === undefined ? {} : { tokens }),
      });
      yield { type: 'done', result: { article, answered, model } };
    }
  }
}
