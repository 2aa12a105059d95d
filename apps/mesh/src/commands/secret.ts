import { Secret, SECRET_MAX_BYTES } from '@mesh/secrets';
import { CommandError } from './command.error.js';
import { hiddenPrompt } from './hidden-prompt.js';
import { prepare } from './prepare.js';

const HINTS: Readonly<Record<string, string>> = {
  gemini: ' To use it: ./mesh up --model gemini. ./mesh doctor tries the key without cost.',
  tavily: ' To use it: ./mesh up --search tavily. ./mesh doctor tries the key without cost.',
};

/** Stores a secret from a hidden prompt or standard input: never from argv or environment, which others can read. */
export async function setSecret(name: string): Promise<void> {
  const { secrets, state, directory } = prepare({}, { quiet: true });
  const known = [...new Set(directory.names().flatMap((agent) => directory.get(agent).secrets))];
  if (!known.includes(name)) {
    // The name is not repeated: it may be the key itself, in the wrong place.
    throw new CommandError(
      'ERR_SECRET_UNUSED',
      `No agent.yaml names a secret of that name; there are: ${known.join(', ')}.`,
    );
  }
  state.prepare();
  const value = process.stdin.isTTY
    ? await hiddenPrompt(`Key of ${name} (it is not shown): `)
    : await readAll();
  if (value.trim() === '') {
    throw new CommandError(
      'ERR_SECRET_EMPTY',
      `Nothing was read. Type the key at the prompt, or give it on standard input: ./mesh secret set ${name} < FILE`,
    );
  }
  await secrets.set(name, new Secret(value.trim()));
  process.stderr.write(`Stored.${HINTS[name] ?? ''}\n`);
}

export async function listSecrets(): Promise<void> {
  const { secrets } = prepare({}, { quiet: true });
  for (const name of await secrets.list()) process.stdout.write(`${name}\n`);
}

export async function removeSecret(name: string): Promise<void> {
  const { secrets } = prepare({}, { quiet: true });
  await secrets.delete(name);
  process.stderr.write('Removed.\n');
}

/** Standard input, no further than one byte beyond what a secret may have: that is refused then. */
async function readAll(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > SECRET_MAX_BYTES) break;
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
  } catch {
    throw new CommandError('ERR_SECRET_CHARACTER', 'What was read is not UTF-8 text.');
  }
}
