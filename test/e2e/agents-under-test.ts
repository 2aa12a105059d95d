import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Module, type DynamicModule } from '@nestjs/common';
import { defineAgent, type AgentDefinition } from '@mesh/agent/nest';
import type { DraftModel } from '@mesh/llm';
import { DRAFT_MODEL } from '@mesh/llm/nest';
import type { SearchProvider } from '@mesh/search';
import { SEARCH_PROVIDER } from '@mesh/search/nest';
import { agent as gateway } from '../../apps/gateway/src/agent.js';
import { agent as researcher } from '../../apps/researcher/src/agent.js';
import { ResearchController } from '../../apps/researcher/src/research/research.controller.js';
import { agent as writer } from '../../apps/writer/src/agent.js';
import { DraftsController } from '../../apps/writer/src/drafts/drafts.controller.js';
import type { AgentUnderTest } from '../kit/running-agents.js';

@Module({})
class ScriptedModule {}

/** The gateway, the researcher and the writer as they are, with providers that do what a test tells them. */
export function agentsUnderTest(
  scripted: { readonly search?: SearchProvider; readonly model?: DraftModel } = {},
): AgentUnderTest[] {
  return [
    gateway,
    scripted.search
      ? replaced('researcher', ResearchController, SEARCH_PROVIDER, scripted.search)
      : researcher,
    scripted.model ? replaced('writer', DraftsController, DRAFT_MODEL, scripted.model) : writer,
  ].map((definition) => ({ definition, file: agentFile(definition.name) }));
}

function agentFile(name: string): string {
  return readFileSync(join(import.meta.dirname, '../../apps', name, 'agent.yaml'), 'utf8');
}

function replaced(
  name: string,
  controller: NonNullable<DynamicModule['controllers']>[number],
  token: symbol,
  provider: object,
): AgentDefinition {
  return defineAgent({
    name,
    listener: 'peers',
    module: () => ({
      module: ScriptedModule,
      controllers: [controller],
      providers: [{ provide: token, useValue: provider }],
    }),
  });
}

/** A search that finds one passage, unless a test says otherwise. */
export class ScriptedSearch implements SearchProvider {
  readonly name = 'documents';
  search: SearchProvider['search'] = () =>
    Promise.resolve([
      { title: 'SVIDs', url: 'documents:///svid.md', snippet: 'An SVID is a document.', score: 1 },
    ]);

  check(): Promise<{ ok: boolean; detail: string }> {
    return Promise.resolve({ ok: true, detail: 'scripted' });
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A model that writes two words, unless a test says otherwise. */
export class ScriptedModel implements DraftModel {
  readonly provider = 'embedded';
  readonly name = 'scripted';

  draft: DraftModel['draft'] = async function* () {
    yield { type: 'text', text: 'A document. ' };
    yield {
      type: 'done',
      article: 'A document. [1]',
      answered: true,
      model: { provider: 'embedded', name: 'scripted', used: false },
    };
  };

  check(): Promise<{ ok: true; detail: string }> {
    return Promise.resolve({ ok: true, detail: 'scripted' });
  }
}
