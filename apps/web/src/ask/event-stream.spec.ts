import { describe, expect, it } from '@jest/globals';
import { eventOf, MAX_EVENT_CHARACTERS, MAX_EVENTS, streamEvents } from './event-stream.js';

const ID = 'of-the-request';

describe('streamEvents', () => {
  it('tells each event, however the bytes are cut, and ends after the answer', async () => {
    const text =
      'event: progress\ndata: {"stage":"searching","agent":"researcher","spiffeId":"spiffe://mesh.local/r"}\n\n' +
      ': a comment\n\n' +
      'event: text\ndata: {"text":"Übung ","inProgress":true}\n\n' +
      'event: done\ndata: {"answer":"Übung","statements":[]}\n\n' +
      'event: text\ndata: {"text":"after the end"}\n\n';
    const bytes = new TextEncoder().encode(text);
    const single = [...bytes].map((byte) => Uint8Array.of(byte));
    for (const chunks of [[bytes], single]) {
      expect(await all(streamOf(chunks))).toEqual([
        {
          type: 'progress',
          stage: 'searching',
          agent: 'researcher',
          spiffeId: 'spiffe://mesh.local/r',
        },
        { type: 'text', text: 'Übung ' },
        { type: 'done', document: '{"answer":"Übung","statements":[]}' },
      ]);
    }
  });

  it('ends after an error', async () => {
    const events = await all(streamOf(['event: error\ndata: {"code":"ERR_INTERNAL"}\n\n']));
    expect(events).toEqual([{ type: 'error', problem: { code: 'ERR_INTERNAL' } }]);
  });

  it.each([
    ['ends before the answer', streamOf(['event: text\ndata: {"text":"a"}\n\n'])],
    ['ends in the middle of an event', streamOf(['event: done\ndata: {"answer":'])],
    [
      'breaks',
      new ReadableStream<Uint8Array>({ pull: (control) => control.error(new TypeError()) }),
    ],
  ])('says that the connection was lost where it %s', async (_, stream) => {
    await expect(all(stream)).rejects.toMatchObject({
      failure: { code: 'CONNECTION_LOST', correlationId: ID },
    });
  });

  it.each([
    ['an event', ['event: text\ndata: ', 'x'.repeat(MAX_EVENT_CHARACTERS + 1), '\n\n']],
    ['many events', ['event: text\ndata: {}\n\n'.repeat(MAX_EVENTS + 1)]],
  ])('gives up on %s beyond the limit', async (_, chunks) => {
    await expect(all(streamOf(chunks))).rejects.toMatchObject({
      failure: { code: 'STREAM_TOO_LARGE', correlationId: ID },
    });
  });

  it('lets go of the connection when nobody reads on', async () => {
    let cancelled = false;
    const stream = new ReadableStream<Uint8Array>({
      pull: (control) =>
        control.enqueue(new TextEncoder().encode('event: text\ndata: {"text":"a"}\n\n')),
      cancel: () => void (cancelled = true),
    });
    for await (const event of streamEvents(stream, ID)) {
      expect(event.type).toBe('text');
      break;
    }
    expect(cancelled).toBe(true);
  });
});

describe('eventOf', () => {
  it('takes the answer as it came, also where it is no JSON', () => {
    expect(eventOf({ event: 'done', data: '{' })).toEqual({ type: 'done', document: '{' });
  });

  it('takes of sources what a page shows', () => {
    const sources = [
      { id: 1, title: 'One', url: 'documents:///one.md' },
      { id: '2', title: 'Two', url: 'x' },
      null,
    ];
    expect(eventOf({ event: 'sources', data: JSON.stringify({ sources }) })).toEqual({
      type: 'sources',
      sources: [sources[0]],
    });
  });

  it.each([
    ['an unknown event', 'later', '{}'],
    ['an event without a name', undefined, '{}'],
    ['text that is none', 'text', '{"text":7}'],
    ['no JSON', 'text', '{'],
    ['an unknown stage', 'progress', '{"stage":"dancing","agent":"researcher"}'],
    ['a stage without an agent', 'progress', '{"stage":"writing"}'],
    ['sources that are no list', 'sources', '{"sources":{}}'],
  ])('leaves out %s', (_, event, data) => expect(eventOf({ event, data })).toBeUndefined());
});

function streamOf(chunks: (string | Uint8Array)[]): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream({
    start(control) {
      for (const chunk of chunks) {
        control.enqueue(typeof chunk === 'string' ? encoder.encode(chunk) : chunk);
      }
      control.close();
    },
  });
}

async function all(stream: ReadableStream<Uint8Array>) {
  const events = [];
  for await (const event of streamEvents(stream, ID)) events.push(event);
  return events;
}
