import { CommanderError } from 'commander';
import { describe } from '@mesh/agent/nest';
import { program } from './program.js';

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode;
  else {
    process.stderr.write(`mesh: ${describe(error)}\n`);
    process.exitCode = 1;
  }
}
