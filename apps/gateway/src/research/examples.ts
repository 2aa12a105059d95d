import type { AnswerDto, ResearchRequestDto } from '@mesh/contracts';
import { errorEntry, type ErrorCode, type Problem } from '@mesh/errors';

const correlationId = '3f0c2f4e-8f2b-4a57-9a60-2f2f2d1c9a11';
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

export const eventStreamExample = [
  ['progress', { stage: 'searching', agent: 'researcher' }],
  ['sources', { sources: [source] }],
  ['progress', { stage: 'writing', agent: 'writer' }],
  ['text', { text: answerExample.answer }],
  ['done', answerExample],
]
  .map(([event, data]) => `event: ${event as string}\ndata: ${JSON.stringify(data)}\n\n`)
  .join('');

export function problemExample(code: ErrorCode): Problem {
  const { status, title } = errorEntry(code)!;
  const errors = [{ path: 'question', message: 'question must be a string' }];
  return {
    type: `/errors#${code.toLowerCase()}`,
    title,
    status,
    detail: code === 'ERR_BODY_INVALID' ? 'question: question must be a string' : `${title}.`,
    code,
    correlationId,
    ...(code === 'ERR_BODY_INVALID' ? { errors } : {}),
  };
}
