import { CommanderError } from 'commander';
import { failureLine } from './failure-line.js';
import { program } from './program.js';

// Whoever reads the output may stop reading (`| head`): that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit();
});

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode;
  } else {
    process.stderr.write(`mesh: ${failureLine(error)}\n`);
    process.exitCode = 1;
  }
}
