import { text } from 'node:stream/consumers';
import { Secret } from '@mesh/secrets';
import { prepare } from './prepare.js';
import { hiddenPrompt } from './hidden-prompt.js';

/** Stores a secret from a hidden prompt or standard input: never from argv or environment, which others can read. */
export async function setSecret(name: string): Promise<void> {
  const { secrets, state } = prepare({}, { quiet: true });
  state.prepare();
  const value = process.stdin.isTTY
    ? await hiddenPrompt(`Key of ${name} (not shown): `)
    : await text(process.stdin);
  await secrets.set(name, new Secret(value.replace(/\r?\n$/, '')));
  process.stderr.write(`Stored.${HINTS[name] ? ` ${HINTS[name]}` : ''}\n`);
}

const HINTS: Readonly<Record<string, string>> = {
  gemini:
    'To use it: ./mesh up --model gemini (or MESH_MODEL=gemini). ./mesh doctor tries the key without cost.',
  tavily:
    'To use it: ./mesh up --search tavily (or MESH_SEARCH=tavily). ./mesh doctor tries the key without cost.',
};

export async function listSecrets(): Promise<void> {
  const { secrets } = prepare({}, { quiet: true });
  for (const name of await secrets.list()) process.stdout.write(`${name}\n`);
}

export async function removeSecret(name: string): Promise<void> {
  const { secrets } = prepare({}, { quiet: true });
  await secrets.delete(name);
  process.stderr.write('Removed.\n');
}
