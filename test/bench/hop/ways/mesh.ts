import { join } from 'node:path';
import { Body, Controller, HttpCode, Module, Post } from '@nestjs/common';
import { IsInt, IsString, MaxLength } from 'class-validator';
import { AgentDirectory, loadConfig } from '@mesh/agent';
import {
  defineAgent,
  startAgent,
  type AgentContext,
  type AgentDefinition,
  type StartOptions,
} from '@mesh/agent/nest';
import type { RequestContext } from '@mesh/contracts';
import { Action } from '@mesh/identity/nest';
import { createLogger, newCorrelationId, runInContext, TraceContext } from '@mesh/observability';
import { FileSecretSource } from '@mesh/secrets';
import { answerTo, checkAnswer, PATH, QUESTION, type Surroundings, type Way } from '../way.js';

/** A request's time, in milliseconds; as long as the gateway allows. */
const DEADLINE_MS = 120_000;

export class EchoRequestDto {
  @IsString()
  @MaxLength(2_000)
  q!: string;
}

export class EchoDto {
  @IsString()
  @MaxLength(2_000)
  answer!: string;

  @IsInt()
  n!: number;
}

@Controller(PATH)
class EchoController {
  @Post()
  @HttpCode(200)
  @Action('bench:echo')
  echo(@Body() { q }: EchoRequestDto): EchoDto {
    return answerTo(q);
  }
}

@Module({ controllers: [EchoController] })
class AnswererModule {}

@Module({})
class AskerModule {}

/**
 * One agent calls another, as the gateway calls the researcher: its whole client side (policy, mTLS pool, contract of
 * the answer) and the other's whole pipeline (mTLS, hooks, guards, contract, interceptor, log line, metrics). The
 * agents are the benchmark's own, so that the hop is measured and not a search. Log lines go to the standard output,
 * which the benchmark sends to the null device.
 */
export const mesh: Way = {
  serve: async (surroundings) => {
    const answerer = defineAgent({
      name: 'answerer',
      listener: 'peers',
      module: () => AnswererModule,
    });
    const { url } = await start(answerer, surroundings.workloadApi.answerer, surroundings);
    return url;
  },
  connect: async (surroundings, url) => {
    let context!: AgentContext;
    const asker = defineAgent({
      name: 'asker',
      listener: 'people',
      module: (own) => {
        context = own;
        return AskerModule;
      },
    });
    await start(asker, surroundings.workloadApi.asker, surroundings, () => url);
    const answerer = context.peer('answerer');
    const identity = { agent: 'asker', spiffeId: context.self().spiffeId };
    const request = personsRequest();
    return async () =>
      runInContext(
        {
          ...request,
          deadline: Date.now() + DEADLINE_MS,
          signal: new AbortController().signal,
        },
        async () => checkAnswer(await answerer.post(PATH, QUESTION, EchoDto)),
        identity,
      );
  },
};

/** The person's request that the calls are a part of. Its IDs are drawn by the gateway's own listener, not by the hop. */
function personsRequest(): Omit<RequestContext, 'deadline' | 'signal'> {
  const trace = TraceContext.start();
  return {
    agent: 'asker',
    correlationId: newCorrelationId(),
    traceparent: trace.toString(),
    traceId: trace.traceId,
  };
}

function start(
  definition: AgentDefinition,
  workloadApi: string,
  { folder }: Surroundings,
  peerUrl?: StartOptions['peerUrl'],
) {
  const config = loadConfig({
    cwd: folder,
    env: { MESH_STATE: folder, MESH_AGENTS: join(import.meta.dirname, '../agents') },
  });
  return startAgent(definition, {
    config,
    directory: AgentDirectory.load(config.agents, config.trustDomain),
    logger: createLogger({ level: 'info', format: 'json' }),
    secrets: new FileSecretSource(join(folder, 'secrets')),
    workloadApi,
    anyPort: true,
    ...(peerUrl ? { peerUrl } : {}),
  });
}
