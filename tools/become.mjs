import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * Turns this process into `node …args` where the running Node can (execve: same process ID, nothing to
 * forward), else runs it as a child, passing signals on and ending the way it ends.
 */
export function become(node, args, env = process.env) {
  if (typeof process.execve === 'function') {
    process.removeAllListeners('warning'); // "execve is experimental" is no concern of the person who starts it
    process.on('warning', () => {});
    process.execve(node, [node, ...args], env);
  }
  const child = spawn(node, args, { stdio: 'inherit', env });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(signal, () => child.kill(signal));
  }
  child.on('error', (error) => {
    console.error(`mesh: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    process.exit(signal === null ? (code ?? 1) : 128 + constants.signals[signal]);
  });
}
