import type { AgentsDto } from '@mesh/contracts';
import { CORRELATION_ID } from '../openapi/problem-example.js';

export const agentsExample: AgentsDto = {
  agents: [
    {
      name: 'writer',
      spiffeId: 'spiffe://mesh.local/ns/agents/sa/writer',
      status: {
        spiffeId: 'spiffe://mesh.local/ns/agents/sa/writer',
        serialNumber: '7095ad7743d42e44fde4e3b17cedae81',
        notBefore: '2026-07-01T11:00:00.000Z',
        notAfter: '2026-07-01T12:00:00.000Z',
        rotations: 3,
        startedAt: '2026-07-01T08:59:58.000Z',
        health: {
          status: 'degraded',
          checks: [
            { name: 'identity', status: 'degraded', reason: 'reconnecting' },
            { name: 'listener', status: 'up' },
          ],
        },
        breakers: [{ name: 'gemini', state: 'open', reason: 'ERR_MODEL_RATE_LIMITED' }],
        refusals: [
          {
            at: '2026-07-01T11:29:30.000Z',
            code: 'ERR_CALLER_DENIED',
            route: '/v1/drafts',
            peer: 'spiffe://mesh.local/ns/agents/sa/gateway',
            correlationId: CORRELATION_ID,
          },
        ],
      },
    },
    {
      name: 'researcher',
      spiffeId: 'spiffe://mesh.local/ns/agents/sa/researcher',
      code: 'ERR_PEER_UNREACHABLE',
    },
  ],
  edges: [
    { caller: 'researcher', agent: 'writer', action: 'draft:write', delegated: true },
    { caller: 'gateway', agent: 'writer', action: 'agent:status', delegated: false },
  ],
  now: '2026-07-01T11:30:00.000Z',
};
