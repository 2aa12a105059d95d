import { request } from 'undici';

/** How long an agent may take to say that it is ready, in milliseconds. */
const ANSWER_MS = 2_000;

/** Asks an agent's own probe, as Kubernetes would. */
export async function isReady(managementUrl: string): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${managementUrl}/health/ready`, {
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    });
    await body.dump();
    return statusCode === 200;
  } catch {
    return false; // nothing listens, or something else does
  }
}
