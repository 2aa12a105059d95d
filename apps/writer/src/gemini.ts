import type { AgentContext } from '@mesh/agent/nest';
import { assertDeclaredHost } from '@mesh/egress';
import { MeshError } from '@mesh/errors';
import type { LlmModuleOptions } from '@mesh/llm/nest';

type GeminiOptions = Extract<LlmModuleOptions, { gemini: unknown }>['gemini'];

/**
 * How the writer calls Gemini, from configuration and agent.yaml. Says in the log if there is no key yet.
 * @throws EgressError where agent.yaml does not name the host.
 */
export async function geminiOptions(context: AgentContext): Promise<GeminiOptions> {
  const { config, file, metrics, secrets } = context;
  assertDeclaredHost(file.name, config.geminiUrl, file.hosts);
  await warnWithoutKey(context);
  return {
    baseUrl: config.geminiUrl,
    model: config.geminiModel,
    secrets,
    policy: context.policy('gemini'),
    onCall: (measure) => metrics.hop({ peer: 'gemini', ...measure }),
  };
}

async function warnWithoutKey({ logger, secrets }: AgentContext): Promise<void> {
  try {
    await secrets.get('gemini');
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    logger.warn(
      { provider: 'gemini', code: error.code, reason: error.message },
      'the key for Gemini cannot be had: until it is set, drafts fail (./mesh secret set gemini)',
    );
  }
}
