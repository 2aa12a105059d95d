import { Body, Controller, HttpCode, Inject, Post } from '@nestjs/common';
import { AGENT_CONTEXT, InjectPeer, type AgentContext } from '@mesh/agent/nest';
import type { PeerClient } from '@mesh/agent';
import {
  DraftDto,
  researchAction,
  ResearchRequestDto,
  researchTransaction,
  type AgentEvent,
  type Depth,
  type ResearchDto,
  type Unsigned,
} from '@mesh/contracts';
import { Action } from '@mesh/identity/nest';
import { requireContext } from '@mesh/observability';
import type { SearchProvider } from '@mesh/search';
import { SEARCH_PROVIDER } from '@mesh/search/nest';
import { recordOf } from '@mesh/signing';
import { noteOf } from './note.js';

/** How many passages are read. */
const LIMITS: Readonly<Record<Depth, number>> = { fast: 6, deep: 16 };

/** A question in, an answer with sources out: searches, takes notes, has the writer draft. */
@Controller('v1/research')
export class ResearchController {
  constructor(
    @Inject(SEARCH_PROVIDER) private readonly search: SearchProvider,
    @InjectPeer('writer') private readonly writer: PeerClient,
    @Inject(AGENT_CONTEXT) private readonly context: AgentContext,
  ) {}

  @Post()
  @HttpCode(200)
  @Action(['research:fast', 'research:deep'], {
    pick: researchAction,
    transaction: researchTransaction,
  })
  async *research(
    @Body() request: ResearchRequestDto,
  ): AsyncGenerator<AgentEvent<Unsigned<ResearchDto>>> {
    const context = requireContext();
    const { signal } = context;
    const record = recordOf(context);
    const { question, depth = 'fast' } = request;
    yield { type: 'progress', stage: 'searching', agent: this.context.name };
    const results = await this.search.search(question, { depth, limit: LIMITS[depth], signal });
    const sources = results.map(({ title, url, snippet }, index) => ({
      id: index + 1,
      title,
      url,
      snippet,
    }));
    record.producer({ kind: 'tool', provider: this.search.name, name: 'search' });
    for (const source of sources) record.source(source);
    yield { type: 'sources', sources: sources.map(({ id, title, url }) => ({ id, title, url })) };

    const notes = sources.map(({ id, snippet }) => ({
      sourceId: id,
      text: noteOf(question, snippet),
    }));
    for await (const event of this.writer.events(
      '/v1/drafts',
      { question, notes, sources },
      DraftDto,
    )) {
      if (event.type !== 'done') {
        yield event;
        continue;
      }
      const { article, answered, model } = event.result;
      yield {
        type: 'done',
        result: {
          answer: article,
          answered,
          sources,
          model,
          depth,
        },
      };
    }
  }
}
