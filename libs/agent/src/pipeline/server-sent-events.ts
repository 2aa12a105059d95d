import { createParser } from 'eventsource-parser';

export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** Events of one body at most: each is parsed, checked and sent on at every hop, however small it is. */
const MAX_EVENTS = 10_000;

/** Parses a body of server-sent events of at most `limit` bytes and 10,000 events; throws what `tooLarge` makes beyond. */
export async function* serverSentEvents(
  body: AsyncIterable<Uint8Array>,
  limit: number,
  tooLarge: () => Error,
): AsyncGenerator<ServerSentEvent> {
  const ready: ServerSentEvent[] = [];
  const parser = createParser({
    onEvent: ({ event, data }) => ready.push({ event: event ?? 'message', data }),
  });
  const decoder = new TextDecoder();
  let size = 0;
  let events = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > limit) throw tooLarge();
    parser.feed(decoder.decode(chunk, { stream: true }));
    events += ready.length;
    if (events > MAX_EVENTS) throw tooLarge();
    yield* ready.splice(0);
  }
}
