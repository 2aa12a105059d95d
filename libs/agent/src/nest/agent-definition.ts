import type { DynamicModule, Type } from '@nestjs/common';
import type { HealthIndicatorFunction } from '@nestjs/terminus';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Sessions } from '@mesh/delegation/nest';
import type { AgentContext } from './agent-context.js';

/** What an agent is, in code; who may call it and what it may reach stands in its agent.yaml. */
export interface AgentDefinition {
  /** `name` of its agent.yaml. */
  readonly name: string;
  /** `peers`: mTLS, for agents. `people`: HTTP for browsers and API clients; plain HTTP, so on loopback alone. */
  readonly listener: 'peers' | 'people';
  /** Its module: controllers and what they need. May wait, for an index for example. */
  readonly module: (context: AgentContext) => DynamicModule | Type | Promise<DynamicModule | Type>;
  /** Last touches to the application before it listens (an API document). */
  readonly configure?: (app: NestFastifyApplication, context: AgentContext) => void | Promise<void>;
  /**
   * Paths of what `configure` adds past the controllers (an API document), with all below them: anybody may have it.
   * Other such routes serve nobody. Default none.
   */
  readonly publicPaths?: readonly string[];
  /** Set where people sign in by a browser: who keeps their sessions. */
  readonly sessions?: (app: NestFastifyApplication) => Sessions;
  /**
   * What `/health` of the management listener asks besides identity, listener and breakers. No paid calls. Of a check that
   * is not up the members `detail`, `code` and `state` are shown to admins: no path, key or person in them.
   */
  readonly health?: (app: NestFastifyApplication) => readonly HealthIndicatorFunction[];
}

/** Types the fixed export `agent` of an app's `src/agent.ts`, by which all in one finds it. */
export function defineAgent(definition: AgentDefinition): AgentDefinition {
  return definition;
}
