import { statSync } from 'node:fs';
import { ok, wrong, type Finding } from './finding.js';

/** Clocks may differ by this much, in milliseconds; SVIDs are dated back by less. */
const SKEW_MS = 60_000;

export function checkNode(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  return major > 26 || (major === 26 && minor >= 10)
    ? ok('Node.js', process.version)
    : wrong(
        'Node.js',
        `${process.version}; 26.10.0 or newer is needed: start by ./mesh or npm start`,
      );
}

/** Without a network the one clue is that time cannot be before this program was built. */
export function checkClock(): Finding {
  const built = statSync(new URL(import.meta.url)).mtimeMs;
  return Date.now() + SKEW_MS >= built
    ? ok('clock', new Date().toISOString())
    : wrong(
        'clock',
        `${new Date().toISOString()} is before this program was built: set the clock (NTP)`,
      );
}

/** @param date Header `Date` of a provider's answer. @returns undefined where the clocks agree. */
export function clockAgainst(provider: string, date: unknown): Finding | undefined {
  const theirs = typeof date === 'string' ? Date.parse(date) : NaN;
  const difference = Date.now() - theirs;
  if (Number.isNaN(theirs) || Math.abs(difference) <= SKEW_MS) return undefined;
  const seconds = Math.round(Math.abs(difference) / 1000);
  return wrong(
    'clock',
    `${seconds} s ${difference > 0 ? 'ahead of' : 'behind'} the one of ${provider}: set the clock (NTP)`,
  );
}
