import { resolve } from 'node:path';
import { request } from 'undici';
import { serverSentEvents } from '@mesh/agent';
import type { AnswerDto, Depth, Stage } from '@mesh/contracts';
import type { Problem, ProblemMember } from '@mesh/errors';
import { startAllInOne, type RunningAgents } from '../up/mesh.js';
import { prepare, type Flags } from './prepare.js';
import { showProgress } from './progress.js';
import { CommandError } from './command.error.js';

/** Largest answer that is read, in bytes. */
const ANSWER_BYTES = 8 * 1024 * 1024;

const STAGES: Readonly<Record<Stage, string>> = { searching: 'Searching…', writing: 'Writing…' };

export interface AskFlags extends Flags {
  readonly depth: Depth;
  readonly json?: true;
}

/** Runs the main job once: progress on stderr, answer and sources on stdout. */
export async function ask(question: string, flags: AskFlags): Promise<void> {
  const leave = new AbortController();
  process.once('SIGINT', () => leave.abort());
  process.once('SIGTERM', () => leave.abort());
  const { config, state, ...rest } = prepare(flags, { quiet: true });
  const running = state.running();
  const fits = flags.documents === undefined || running?.documents === resolve(flags.documents);
  let own: RunningAgents | undefined;
  let unlock: (() => void) | undefined;
  try {
    let url = fits ? running?.gatewayUrl : undefined;
    if (url === undefined) {
      say('Starting the mesh…');
      unlock = state.lock('ask');
      own = await startAllInOne({
        config,
        state,
        ...rest,
        anyPort: true,
        onProgress: showProgress(),
        signal: leave.signal,
      });
      url = own.agents.find(({ name }) => name === 'gateway')!.url;
    }
    const answer = await research(url, { question, depth: flags.depth }, leave.signal);
    process.stdout.write(flags.json ? `${JSON.stringify(answer, null, 2)}\n` : readable(answer));
  } catch (error) {
    if (!leave.signal.aborted) throw error;
    process.exitCode = 130;
  } finally {
    await own?.close();
    unlock?.();
  }
}

async function research(
  url: string,
  body: { question: string; depth: Depth },
  signal: AbortSignal,
): Promise<AnswerDto> {
  const response = await request(`${url}/v1/research`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body: JSON.stringify(body),
    headersTimeout: 0,
    bodyTimeout: 0,
    signal,
  });
  if (response.statusCode !== 200) throw failure((await response.body.json()) as Problem);
  for await (const { event, data } of serverSentEvents(response.body, ANSWER_BYTES, () =>
    tooLarge(),
  )) {
    const value = JSON.parse(data) as Record<string, unknown>;
    if (event === 'done') return value as unknown as AnswerDto;
    if (event === 'error') throw failure(value as unknown as Problem);
    if (event === 'progress') say(STAGES[value['stage'] as Stage]);
    if (event === 'sources') say(`Found ${(value['sources'] as unknown[]).length} passages.`);
  }
  throw new CommandError('ERR_PEER_RESPONSE_INVALID', 'The gateway ended its answer half way.');
}

function failure(problem: Problem): CommandError {
  const members = (problem.errors ?? [])
    .map(({ path, message }: ProblemMember) => `${path}: ${message}`)
    .join('; ');
  return new CommandError(
    problem.code,
    `${members === '' ? problem.detail : members} [correlation ID ${problem.correlationId}]`,
  );
}

function tooLarge(): CommandError {
  return new CommandError(
    'ERR_PEER_RESPONSE_INVALID',
    `The answer is larger than ${ANSWER_BYTES} bytes.`,
  );
}

function readable({ answer, sources, model, agents, correlationId }: AnswerDto): string {
  const cited = new Set([...answer.matchAll(/\[(\d+)\]/g)].map(([, id]) => Number(id)));
  const list = sources
    .filter(({ id }) => cited.has(id))
    .map(({ id, title, url }) => `  [${id}] ${title}\n      ${url}`);
  return [
    answer.trim(),
    ...(list.length > 0 ? ['', 'Sources', ...list] : []),
    '',
    model.used
      ? `Written by ${model.provider} ${model.name}.`
      : 'Sentences picked from the sources; no model was used.',
    `Answered by ${agents.map(({ spiffeId }) => spiffeId).join(' <- ')}`,
    `Correlation ID ${correlationId}`,
    '',
  ].join('\n');
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
