import { Verification } from './verification.js';
import type { WorkerReply, WorkerRequest } from './verifier.js';

const verification = new Verification();

addEventListener('message', ({ data }: MessageEvent<WorkerRequest>) => {
  const reply = (message: WorkerReply) => postMessage(message);
  verification.verify(data.document, data.options).then(
    (view) => reply({ id: data.id, view }),
    (error: unknown) => reply({ id: data.id, error: plainError(error) }),
  );
});

/** An error's class does not outlive the way out of a worker. */
function plainError(error: unknown) {
  const { code, message, statement } = error as Record<string, unknown>;
  return {
    code: typeof code === 'string' ? code : 'VERIFICATION_FAILED',
    message: typeof code === 'string' ? String(message) : 'The verification itself failed.',
    ...(typeof statement === 'number' && { statement }),
  };
}
