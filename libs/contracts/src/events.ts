import type { SourceDto } from './source.dto.js';

export const STAGES = ['searching', 'writing'] as const;
export type Stage = (typeof STAGES)[number];

/**
 * What a streaming handler yields; one interceptor sends it as server-sent events (`event:` is `type`, `data:` the
 * other members as JSON) or collects it into the JSON body of its `done`. The last event is `done`, or on the
 * wire `error` with a problem.
 */
export type AgentEvent<Result> =
  | {
      readonly type: 'progress';
      readonly stage: Stage;
      /** Name of the agent at work. */
      readonly agent: string;
      /** Its SPIFFE ID: for people, by the gateway's agent.yaml files; no agent sends it. */
      readonly spiffeId?: string;
    }
  | {
      readonly type: 'sources';
      readonly sources: readonly Pick<SourceDto, 'id' | 'title' | 'url'>[];
    }
  /** On the wire it says `inProgress`: nobody has signed it yet, and it counts for nothing if `done` does not come. */
  | { readonly type: 'text'; readonly text: string; readonly inProgress?: true }
  | { readonly type: 'done'; readonly result: Result };

/** Whether a handler answers with a stream of events: an async generator, or what passes one on. */
export function isEvents(value: unknown): value is AsyncIterable<AgentEvent<object>> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}
