import { SUCCEEDED, type Verdict } from './attack.js';

const NAME = 92;
const CODE = 36;

export function tableHead(): string {
  return `${'  # attack'.padEnd(NAME + 4)} ${'expected'.padEnd(CODE)} got`;
}

/** A line of the table; what was not blocked is marked, with what its control came to where that failed. */
export function row({ attack, got, control, outcome }: Verdict): string {
  const name = `${String(attack.number).padStart(3)} ${attack.name.slice(0, NAME).padEnd(NAME)}`;
  const mark = outcome === 'blocked' ? '' : `  <- ${outcome}`;
  const failed = control === SUCCEEDED ? '' : `, its control: ${control}`;
  return `${name} ${attack.expected.padEnd(CODE)} ${got}${mark}${failed}`;
}

/** The last line. */
export function summary(verdicts: readonly Verdict[]): string {
  const count = (outcome: Verdict['outcome']) =>
    verdicts.filter((verdict) => verdict.outcome === outcome).length;
  const unclear = count('unclear');
  const line = `${count('blocked')} blocked, ${count('succeeded')} succeeded`;
  return unclear === 0
    ? line
    : `${unclear} unclear: refused by another code, or the control failed\n${line}`;
}
