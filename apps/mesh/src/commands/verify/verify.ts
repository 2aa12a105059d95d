import { AnswerVerifier, MAX_ANSWER_CHARACTERS } from '@mesh/provenance';
import { columnsOf, printableJson } from '../../printable.js';
import { StateFolder } from '../../state/state-folder.js';
import { CommandError } from '../command.error.js';
import { settings } from '../prepare.js';
import { explanation } from './explanation.js';
import { readDocument } from './read-document.js';
import { refusal } from './refusal.js';
import { report } from './report.js';
import { trusted, type TrustFiles } from './trusted.js';

export interface VerifyFlags extends TrustFiles {
  readonly at?: Date;
  readonly json?: true;
}

/** A character has at most three bytes; one of four counts as two. */
const MAX_BYTES = 3 * MAX_ANSWER_CHARACTERS;

/** Explains who made a kept answer, for whom and from what, or says why it is refused. */
export async function verify(file: string, flags: VerifyFlags): Promise<void> {
  const judges = await trusted(new StateFolder(settings().state), flags);
  const text = await readDocument(file, 'answer', MAX_BYTES);
  const now = new Date();
  const { at = now } = flags;
  try {
    const answer = await new AnswerVerifier(judges.trust, judges.archive).verify(text, {
      now,
      ...(flags.at ? { at } : {}),
    });
    process.stdout.write(
      flags.json
        ? json(report(answer, judges, at))
        : explanation(answer, judges, at, columnsOf(process.stdout)),
    );
  } catch (error) {
    const name = file === '-' ? 'The answer on standard input' : file;
    const why = refusal(error, flags.at ? `${name}, judged at ${at.toISOString()},` : name);
    if (flags.json && why instanceof CommandError) {
      const { code, message } = why;
      process.stdout.write(json({ verified: false, code, message }));
    }
    throw why;
  }
}

function json(value: object): string {
  return `${printableJson(JSON.stringify(value, null, 2))}\n`;
}
