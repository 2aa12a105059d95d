import { describe, expect, it } from '@jest/globals';
import { ownFailure } from '../api/failure.js';
import type { VerifiedView } from '../proof/verifier.js';
import { MAX_TEXT_CHARACTERS, nextRun, type Run, type RunAction, type RunEvent } from './run.js';

const asked = { question: 'Why?', depth: 'fast' } as const;
const begin: RunAction = { type: 'ask', asked, correlationId: 'of-the-request' };
const searching: RunEvent = { type: 'progress', stage: 'searching', agent: 'researcher' };
const writing: RunEvent = { type: 'progress', stage: 'writing', agent: 'writer' };
const view = {} as VerifiedView;

/** What the actions lead to, one a second from 0. */
function after(...actions: (RunAction | RunEvent)[]): Run | undefined {
  let run: Run | undefined;
  actions.forEach((action, second) => {
    const wrapped = ['progress', 'sources', 'text', 'done'].includes(action.type)
      ? { type: 'event' as const, event: action as RunEvent }
      : (action as RunAction);
    run = nextRun(run, { action: wrapped, now: second * 1000 });
  });
  return run;
}

describe('a run', () => {
  it('goes through its stages, each with its time', () => {
    const run = after(begin, searching, writing, writing, { type: 'done', document: '{}' });
    expect(run?.steps).toEqual([
      { stage: 'searching', agent: 'researcher', startedAt: 1000, endedAt: 2000 },
      { stage: 'writing', agent: 'writer', startedAt: 2000, endedAt: 4000 },
      { stage: 'verifying', startedAt: 4000 },
    ]);
    expect(run?.outcome).toBeUndefined();
  });

  it('gathers text as it comes, and keeps none of it once it is verified', () => {
    const text = (part: string): RunEvent => ({ type: 'text', text: part });
    expect(after(begin, text('a'), text('b'))?.text).toBe('ab');
    expect(after(begin, text('a'), { type: 'verified', view, document: '{}' })).toMatchObject({
      text: '',
      endedAt: 2000,
      outcome: { status: 'verified', document: '{}' },
    });
  });

  it('withdraws text and sources when it fails, and says whether there was text', () => {
    const failed: RunAction = { type: 'failed', failure: ownFailure('CONNECTION_LOST') };
    const found: RunEvent = { type: 'sources', sources: [{ id: 1, title: 'One', url: 'x' }] };
    expect(after(begin, found)?.sources).toHaveLength(1);
    expect(after(begin, found, { type: 'text', text: 'a' }, failed)).toMatchObject({
      text: '',
      sources: [],
      outcome: { status: 'failed', withdrawn: true },
    });
    expect(after(begin, failed)).toMatchObject({ outcome: { withdrawn: false } });
  });

  it('fails where there is more text than an answer holds', () => {
    const half: RunEvent = { type: 'text', text: 'x'.repeat(MAX_TEXT_CHARACTERS / 2) };
    expect(after(begin, half, half)?.outcome).toBeUndefined();
    expect(after(begin, half, half, { type: 'text', text: 'x' })).toMatchObject({
      text: '',
      outcome: { status: 'failed', failure: { code: 'STREAM_TOO_LARGE' } },
    });
  });

  it('takes in nothing after its end', () => {
    const run = after(
      begin,
      { type: 'cancelled' },
      { type: 'text', text: 'late' },
      { type: 'verified', view, document: '{}' },
    );
    expect(run).toMatchObject({ text: '', outcome: { status: 'cancelled' } });
  });

  it('takes in nothing before its beginning, and is gone when it is cleared', () => {
    expect(after(searching)).toBeUndefined();
    expect(after(begin, { type: 'clear' })).toBeUndefined();
  });
});
