import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { AgentEvent } from '@mesh/contracts';
import { FailureError, membersOf, ownFailure } from '../api/failure.js';

/** What the gateway tells while it answers. `done` is the answer's very text: it is verified as it came. */
export type StreamEvent =
  | Exclude<AgentEvent<never>, { type: 'done' }>
  | { readonly type: 'done'; readonly document: string }
  | { readonly type: 'error'; readonly problem: unknown };

/** Characters of one event at most. */
export const MAX_EVENT_CHARACTERS = 8 * 2 ** 20;
/** Events of one answer at most. */
export const MAX_EVENTS = 20_000;

/**
 * Reads an answer's server-sent events; ends after `done` or `error`.
 * @throws FailureError where the stream ends before either, or brings more than an answer holds
 */
export async function* streamEvents(
  body: ReadableStream<Uint8Array>,
  correlationId: string,
): AsyncGenerator<StreamEvent> {
  const ready: EventSourceMessage[] = [];
  let tooLarge = false;
  let count = 0;
  const parser = createParser({
    maxBufferSize: MAX_EVENT_CHARACTERS,
    onEvent: (message) => ready.push(message),
    onError: ({ type }) => (tooLarge ||= type === 'max-buffer-size-exceeded'),
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      // A connection that breaks and a stream that just ends are the same loss.
      const chunk = await reader.read().catch(() => undefined);
      if (!chunk || chunk.done) {
        throw new FailureError(ownFailure('CONNECTION_LOST', { correlationId }));
      }
      parser.feed(decoder.decode(chunk.value, { stream: true }));
      count += ready.length;
      tooLarge ||= count > MAX_EVENTS;
      if (tooLarge) throw new FailureError(ownFailure('STREAM_TOO_LARGE', { correlationId }));
      for (const message of ready.splice(0)) {
        const event = eventOf(message);
        if (!event) continue;
        yield event;
        if (event.type === 'done' || event.type === 'error') return;
      }
    }
  } finally {
    // Of a stream that failed there is nothing left to cancel.
    void reader.cancel().catch(() => undefined);
  }
}

/** The event, or undefined for one that this page does not know: a newer gateway may send more. */
export function eventOf({ event, data }: Pick<EventSourceMessage, 'event' | 'data'>) {
  if (event === 'done') return { type: event, document: data } satisfies StreamEvent;
  const members = parsed(data);
  if (event === 'error') return { type: event, problem: members } satisfies StreamEvent;
  if (event === 'text') {
    const { text } = members;
    return typeof text === 'string' ? ({ type: event, text } satisfies StreamEvent) : undefined;
  }
  if (event === 'progress') return progressOf(members);
  if (event === 'sources' && Array.isArray(members['sources'])) {
    const sources = members['sources'].slice(0, 100).filter(isSource);
    return { type: event, sources } satisfies StreamEvent;
  }
  return undefined;
}

function progressOf({ stage, agent, spiffeId }: Record<string, unknown>): StreamEvent | undefined {
  if ((stage !== 'searching' && stage !== 'writing') || typeof agent !== 'string') return undefined;
  return { type: 'progress', stage, agent, ...(typeof spiffeId === 'string' && { spiffeId }) };
}

function isSource(value: unknown): value is { id: number; title: string; url: string } {
  const { id, title, url } = membersOf(value);
  return typeof id === 'number' && typeof title === 'string' && typeof url === 'string';
}

function parsed(data: string): Record<string, unknown> {
  try {
    return membersOf(JSON.parse(data));
  } catch {
    return {};
  }
}
