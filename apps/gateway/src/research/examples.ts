import type { AnswerDto, ResearchRequestDto } from '@mesh/contracts';
import { CORRELATION_ID as correlationId, problemExample } from '../openapi/problem-example.js';

const source = {
  id: 1,
  title: 'Workload identity — How does a workload get its SVID?',
  url: 'documents:///guides/workload-identity.md#how-does-a-workload-get-its-svid',
};

const questions = {
  fast: { question: 'How does a workload get its SVID?' },
  deep: { question: 'What happens when a certificate expires?', depth: 'deep' },
} satisfies Record<string, ResearchRequestDto>;

export const questionExamples = {
  fast: { summary: 'A question', value: questions.fast },
  deep: { summary: 'One for which more is read', value: questions.deep },
};

export const answerExample: AnswerDto = {
  answer: 'A workload gets its SVID from the Workload API, a gRPC service on a local socket. [1]',
  answered: true,
  sources: [
    {
      ...source,
      snippet: 'A workload gets its SVID from the Workload API, a gRPC service on a local socket.',
    },
  ],
  model: { provider: 'embedded', name: 'extractive', used: false },
  depth: 'fast',
  agents: ['gateway', 'researcher', 'writer'].map((name, index) => ({
    spiffeId: `spiffe://mesh.local/ns/agents/sa/${name}`,
    serialNumber: `7095ad7743d42e44fde4e3b17cedae8${index}`,
    notAfter: '2026-07-01T12:00:00.000Z',
  })),
  correlationId,
  requests: [
    { method: 'POST', path: '/v1/research', nonce: 'cPYGGYo1-wlZD-v3-3J0ZQ', body: questions.fast },
    { digest: 'MJr5l2zpSOJD7UIWXq0gKzSVyGCCDdE4Vxrj1dbI4lQ' },
    { digest: 'AN1y9cyqqk_gH7dyrUdmQ7Km4PTXzHzmpcZ3ikSkZTQ' },
  ],
  statements: ['gateway', 'researcher', 'writer'].map(
    (name) => `eyJhbGciOiJFUzI1NiIsImtpZCI6InNwaWZmZTovL….${name}….AY7f`,
  ),
};

const progress = (stage: string, agent: string) => ({
  stage,
  agent,
  spiffeId: `spiffe://mesh.local/ns/agents/sa/${agent}`,
});
const { snippet: _passage, ...reference } = answerExample.sources[0]!;

export const eventStreamExample = framed([
  ['progress', progress('searching', 'researcher')],
  ['sources', { sources: [reference] }],
  ['progress', progress('writing', 'writer')],
  ['text', { text: answerExample.answer, inProgress: true }],
  ['done', answerExample],
]);

export const brokenStreamExample = framed([
  ['progress', progress('searching', 'researcher')],
  ['error', problemExample('ERR_PEER_UNREACHABLE')],
]);

function framed(events: readonly (readonly [event: string, data: object])[]): string {
  return events
    .map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`)
    .join('');
}
