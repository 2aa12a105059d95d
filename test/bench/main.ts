import 'reflect-metadata';
import { Command, InvalidArgumentError } from 'commander';
import type { HopFlags } from './hop/hop.js';
import { WAYS } from './hop/ways/index.js';
import type { RotationFlags } from './rotation/rotation.js';

function count(text: string): number {
  const value = Number(text);
  if (!/^\d{1,7}$/.test(text) || value < 1)
    throw new InvalidArgumentError('A whole number from 1.');
  return value;
}

function wayNames(text: string): readonly string[] {
  const names = text.split(',');
  const known = WAYS.map(({ name }) => name);
  if (names.every((name) => known.includes(name))) return names;
  throw new InvalidArgumentError(`Of these, with commas: ${known.join(', ')}.`);
}

const program = new Command('bench')
  .description('Measures the mesh on this machine. Results go to stdout, progress to stderr.')
  .showHelpAfterError('(--help says more)');

program
  .command('hop')
  .description(
    "An agent's call to another agent, against plain HTTP and bare mTLS with the same bodies, in turn in one run; " +
      'what delegation and signing add to it, and what a token costs. ' +
      'Client and server of each way are a process each, and the CPU of both counts. Compare the ratios of one run; ' +
      'requests a second suffer from whatever else the machine does, CPU less so.',
  )
  .option('--rounds <n>', 'rounds; each measures every way', count, 7)
  .option('--requests <n>', 'requests a round at 16 connections; at one, 2/5 of them', count, 8_000)
  .option('--warm-up <n>', 'requests of each way before the first round', count, 40_000)
  .option(
    '--ways <names>',
    'only these, with commas; the first one is what ratios are to',
    wayNames,
  )
  .option('--quick', 'few requests: shows that it runs, the figures mean nothing')
  .option('--profile <folder>', "write a CPU profile of each way's client and server there")
  .option('--json', 'one JSON document')
  .action(async (flags: HopFlags) => (await import('./hop/hop.js')).bench(flags));

program
  .command('rotation')
  .description(
    'Load on the all-in-one mesh while its SVIDs rotate. Fails (exit 1) unless every agent rotated at least five ' +
      'times, no request shorter than half a TTL failed, and memory stayed within 1.1 times that after warm-up.',
  )
  .option('--seconds <n>', 'length of the measured load', count, 30)
  .option(
    '--ttl <seconds>',
    'validity of an SVID, at least 2; it is replaced at half of it',
    count,
    6,
  )
  .option('--concurrency <n>', 'requests at a time', count, 8)
  .option('--quick', 'a few seconds at a short TTL: asks for two rotations, leaves memory out')
  .option('--json', 'one JSON document')
  .action(async (flags: RotationFlags) => (await import('./rotation/rotation.js')).bench(flags));

await program.parseAsync();
