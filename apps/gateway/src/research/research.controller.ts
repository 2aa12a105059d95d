import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { PeerClient } from '@mesh/agent';
import { AGENT_CONTEXT, InjectPeer, type AgentContext } from '@mesh/agent/nest';
import { ResearchDto, ResearchRequestDto, type AgentEvent, type AnswerDto } from '@mesh/contracts';
import { Public } from '@mesh/identity/nest';
import { requireContext } from '@mesh/observability';
import { ApiAnswer } from './api-answer.decorator.js';

/** The people's way in. */
@ApiTags('research')
@Controller('v1/research')
export class ResearchController {
  constructor(
    @InjectPeer('researcher') private readonly researcher: PeerClient,
    @Inject(AGENT_CONTEXT) private readonly context: AgentContext,
  ) {}

  @Post()
  @HttpCode(200)
  @Public()
  @ApiOperation({
    summary: 'Ask a question',
    description:
      'Answers from the sources found, with numbered citations. With `Accept: text/event-stream` the progress comes ' +
      'as it happens: `progress` (searching, writing), `sources`, `text`, and at last `done` with the same body as ' +
      'the JSON answer, or `error` with a problem.',
  })
  @ApiAnswer()
  async *research(@Body() request: ResearchRequestDto): AsyncGenerator<AgentEvent<AnswerDto>> {
    const { correlationId } = requireContext();
    for await (const event of this.researcher.events('/v1/research', request, ResearchDto)) {
      if (event.type !== 'done') {
        yield event;
        continue;
      }
      const { agents, ...result } = event.result;
      yield {
        type: 'done',
        result: { ...result, agents: [this.context.self(), ...agents], correlationId },
      };
    }
  }
}
