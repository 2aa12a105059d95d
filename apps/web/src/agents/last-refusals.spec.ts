import { describe, expect, it } from '@jest/globals';
import type { AgentStateDto } from '@mesh/contracts';
import { lastRefusals } from './last-refusals.js';

const agent = (name: string, ...refusals: { at: string; code: string }[]) =>
  ({ name, spiffeId: `spiffe://mesh.local/${name}`, status: { refusals } }) as AgentStateDto;

describe('lastRefusals', () => {
  it('gathers those of all agents, newest first, and counts the reasons', () => {
    const first = { at: '2026-07-01T12:00:00.000Z', code: 'ERR_CALLER_DENIED' };
    const second = { at: '2026-07-01T12:00:01.000Z', code: 'ERR_SESSION_ENDED' };
    const third = { at: '2026-07-01T12:00:02.000Z', code: 'ERR_CALLER_DENIED' };
    const silent = { name: 'tts', spiffeId: 'spiffe://mesh.local/tts', code: 'ERR_X' };
    expect(lastRefusals([agent('gateway', second), agent('writer', third, first), silent])).toEqual(
      {
        refusals: [
          { ...third, agent: 'writer' },
          { ...second, agent: 'gateway' },
          { ...first, agent: 'writer' },
        ],
        reasons: [
          { code: 'ERR_CALLER_DENIED', count: 2 },
          { code: 'ERR_SESSION_ENDED', count: 1 },
        ],
      },
    );
  });
});
