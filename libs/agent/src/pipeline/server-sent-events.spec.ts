import { describe, expect, it } from '@jest/globals';
import { serverSentEvents, type ServerSentEvent } from './server-sent-events.js';

async function read(text: string, limit = 1_000_000): Promise<ServerSentEvent[]> {
  async function* body() {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += 1_000) yield bytes.subarray(at, at + 1_000);
  }
  const events: ServerSentEvent[] = [];
  const tooLarge = () => new Error('too large');
  for await (const event of serverSentEvents(body(), limit, tooLarge)) events.push(event);
  return events;
}

describe('serverSentEvents', () => {
  it('gives name and data, whatever pieces they come in', async () => {
    // Of three bytes each: some are cut.
    const data = '€'.repeat(3_000);
    expect(await read(`event: text\ndata: ${data}\n\ndata: 1\ndata: 2\n\n`)).toEqual([
      { event: 'text', data },
      { event: 'message', data: '1\n2' },
    ]);
  });

  it('refuses more bytes than the limit', async () => {
    await expect(read('data: 1\n\n', 9)).resolves.toHaveLength(1);
    await expect(read('data: 1\n\n', 8)).rejects.toThrow('too large');
  });

  it('refuses more than 10,000 events, however small', async () => {
    await expect(read('data:\n\n'.repeat(10_000))).resolves.toHaveLength(10_000);
    await expect(read('data:\n\n'.repeat(10_001))).rejects.toThrow('too large');
  });
});
