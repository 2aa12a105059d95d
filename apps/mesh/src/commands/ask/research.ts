import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { PeerCertificate } from 'node:tls';
import { Agent, request as send, type Dispatcher } from 'undici';
import { newRequestNonce, serverSentEvents } from '@mesh/agent';
import { HEADERS, type ResearchRequestDto, type Stage } from '@mesh/contracts';
import { isErrorCode, MeshError, type Problem } from '@mesh/errors';
import { type Digest, requestDigest } from '@mesh/provenance';
import type { RunningMesh } from '../../state/running-mesh.js';
import { CommandError } from '../command.error.js';

/** Largest answer that is read, in bytes. */
const ANSWER_BYTES = 8 * 1024 * 1024;
/** How much longer than the gateway's own deadline its silence is borne, in milliseconds. */
const PATIENCE_MS = 10_000;

const PATH = '/v1/research';
const STAGES: Readonly<Record<Stage, string>> = { searching: 'Searching…', writing: 'Writing…' };

export interface ResearchOptions {
  readonly accessToken: string;
  readonly signal: AbortSignal;
  /** The gateway's own deadline, in milliseconds. */
  readonly deadlineMs: number;
  /** Tells how far it is. */
  readonly say: (line: string) => void;
}

/** A gateway, and the certificate that it is known by where it serves TLS. */
export type AskedGateway = Pick<RunningMesh, 'gatewayUrl' | 'gatewayCertificate'>;

/** What a gateway delivered, and to which request it has to be the answer. Nothing of it is verified. */
export interface Delivered {
  /** JSON text. */
  readonly document: string;
  readonly request: Digest;
}

/**
 * Asks a gateway and reads its events until the answer. The text that comes before it is not shown: it is only proven
 * by the answer's statements.
 */
export async function research(
  gateway: AskedGateway,
  body: ResearchRequestDto,
  { accessToken, signal, deadlineMs, say }: ResearchOptions,
): Promise<Delivered> {
  const { gatewayUrl } = gateway;
  const dispatcher = dispatcherFor(gateway);
  // A fresh one, so that no earlier answer is one to this request.
  const nonce = newRequestNonce();
  const request = await requestDigest({ method: 'POST', path: PATH, nonce, body: { ...body } });
  try {
    const silence = deadlineMs + PATIENCE_MS;
    const response = await send(`${gatewayUrl}${PATH}`, {
      dispatcher,
      method: 'POST',
      headers: {
        authorization: `Bearer ${accessToken}`,
        [HEADERS.requestNonce]: nonce,
        'content-type': 'application/json',
        accept: 'text/event-stream',
      },
      body: JSON.stringify(body),
      headersTimeout: silence,
      bodyTimeout: silence,
      signal,
    });
    if (response.statusCode !== 200) throw await problemOf(response, gatewayUrl);
    for await (const { event, data } of serverSentEvents(response.body, ANSWER_BYTES, tooLarge)) {
      if (event === 'done') return { document: data, request };
      if (event === 'text') continue;
      const value = JSON.parse(data) as Record<string, unknown>;
      if (event === 'error') throw failure(value as unknown as Problem);
      if (event === 'progress') say(STAGES[value['stage'] as Stage]);
      if (event === 'sources') say(found((value['sources'] as unknown[]).length));
    }
  } catch (error) {
    if (signal.aborted || error instanceof MeshError) throw error;
    throw unreachable(gatewayUrl, error);
  } finally {
    await dispatcher.destroy();
  }
  throw new CommandError('ERR_PEER_RESPONSE_INVALID', 'The gateway ended its answer half way.');
}

/**
 * Over TLS it is asked by its address, which its certificate need not name: it is known by that very certificate, and
 * no authority can vouch for another.
 */
function dispatcherFor({ gatewayCertificate }: AskedGateway): Agent {
  if (gatewayCertificate === undefined) return new Agent();
  const { pem, fingerprint256 } = certificateIn(gatewayCertificate);
  return new Agent({
    connect: {
      ca: pem,
      allowPartialTrustChain: true,
      checkServerIdentity: (_name: string, presented: PeerCertificate) =>
        presented.fingerprint256 === fingerprint256
          ? undefined
          : new Error('The gateway has another certificate than the one it was started with.'),
      // A resumed session would not be checked.
      maxCachedSessions: 0,
    },
  });
}

function certificateIn(file: string): { pem: string; fingerprint256: string } {
  try {
    const pem = readFileSync(file, 'utf8');
    return { pem, fingerprint256: new X509Certificate(pem).fingerprint256 };
  } catch (cause) {
    throw new CommandError(
      'ERR_PEER_UNREACHABLE',
      `The certificate that the gateway is known by cannot be read from ${file}.`,
      { cause },
    );
  }
}

function found(passages: number): string {
  return passages === 1 ? 'Found one passage.' : `Found ${passages} passages.`;
}

async function problemOf(
  { statusCode, body }: Dispatcher.ResponseData,
  gatewayUrl: string,
): Promise<CommandError> {
  const problem = (await body.json().catch(() => undefined)) as Problem | undefined;
  return isErrorCode(problem?.code)
    ? failure(problem)
    : new CommandError(
        'ERR_PEER_RESPONSE_INVALID',
        `What listens at ${gatewayUrl} is no gateway: it answered with status ${statusCode}.`,
      );
}

function failure(problem: Problem): CommandError {
  const members = (problem.errors ?? []).map(({ message }) => message);
  return new CommandError(
    isErrorCode(problem.code) ? problem.code : 'ERR_PEER_FAILED',
    `${members.length > 0 ? `${members.join('; ')}.` : problem.detail} [correlation ID ${problem.correlationId}]`,
  );
}

function unreachable(gatewayUrl: string, cause: unknown): CommandError {
  const { code } = cause as NodeJS.ErrnoException;
  return new CommandError(
    'ERR_PEER_UNREACHABLE',
    `The gateway at ${gatewayUrl} does not answer${code === undefined ? '' : ` (${code})`}.`,
    { cause },
  );
}

function tooLarge(): CommandError {
  return new CommandError(
    'ERR_PEER_RESPONSE_INVALID',
    `The answer is larger than ${ANSWER_BYTES} bytes.`,
  );
}
