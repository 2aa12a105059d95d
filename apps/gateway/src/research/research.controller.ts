import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import type { PeerClient } from '@mesh/agent';
import { AGENT_CONTEXT, InjectPeer, RateLimited, type AgentContext } from '@mesh/agent/nest';
import {
  ResearchDto,
  researchAction,
  ResearchRequestDto,
  researchTransaction,
  type AgentEvent,
  type AgentIdentityDto,
  type AnswerDto,
  type Unsigned,
} from '@mesh/contracts';
import { SignedIn } from '@mesh/identity/nest';
import { requireContext } from '@mesh/observability';
import { decodeUnverified } from '@mesh/provenance';
import { recordOf } from '@mesh/signing';
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
  @SignedIn(['research:fast', 'research:deep'], {
    pick: researchAction,
    transaction: researchTransaction,
  })
  @ApiOperation({
    summary: 'Ask a question',
    description:
      'Answers from the sources found, with numbered citations. With `Accept: text/event-stream` the progress comes ' +
      'as it happens: `progress` (searching, writing), `sources`, `text`, and at last `done` with the same body as ' +
      'the JSON answer, or `error` with a problem.',
  })
  @RateLimited('question')
  @ApiAnswer()
  async *research(
    @Body() request: ResearchRequestDto,
  ): AsyncGenerator<AgentEvent<Unsigned<AnswerDto>>> {
    const context = requireContext();
    for await (const event of this.researcher.events('/v1/research', request, ResearchDto)) {
      if (event.type === 'progress') {
        yield { ...event, ...this.#spiffeIdOf(event.agent) };
        continue;
      }
      if (event.type !== 'done') {
        yield event;
        continue;
      }
      // Its proof is carried on by the record of this request, which the client has noted it in.
      const { requests, statements, ...result } = event.result;
      const agents = [this.context.self(), ...statements.map(signerOf)];
      const { correlationId } = context;
      const record = recordOf(context);
      record.edit('agents-added');
      record.edit('correlation-id-added');
      yield { type: 'done', result: { ...result, agents, correlationId } };
    }
  }

  /** By the gateway's own agent.yaml files: an agent says its name alone. */
  #spiffeIdOf(name: string): { spiffeId?: string } {
    const { directory } = this.context;
    return directory.has(name) ? { spiffeId: directory.spiffeIdOf(name).toString() } : {};
  }
}

/** By its verified statement: an agent's own list could name whoever it likes. */
function signerOf(statement: string): AgentIdentityDto {
  const { keyId, certificates } = decodeUnverified(statement);
  const { serialNumber, notAfter } = certificates[0]!;
  return { spiffeId: keyId.toString(), serialNumber, notAfter: notAfter.toISOString() };
}
