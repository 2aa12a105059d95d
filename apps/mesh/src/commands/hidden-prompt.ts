/** Reads a line from the terminal without showing it. Ctrl-C ends the process as it does elsewhere. */
export function hiddenPrompt(question: string): Promise<string> {
  const { stdin, stderr } = process;
  // First: what is typed as soon as the question stands there must not be shown either.
  stdin.setRawMode(true);
  stderr.write(question);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve) => {
    let line: string[] = [];
    const end = () => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
    };
    const onData = (chunk: string) => {
      for (const key of chunk) {
        switch (key) {
          case '\u0003': // Ctrl-C
            end();
            process.kill(process.pid, 'SIGINT');
            return;
          case '\r':
          case '\n':
          case '\u0004': // Ctrl-D
            end();
            resolve(line.join(''));
            return;
          case '\u0015': // Ctrl-U
            line = [];
            break;
          case '\u007f':
          case '\b':
            line.pop();
            break;
          default:
            line.push(key);
        }
      }
    };
    stdin.on('data', onData);
  });
}
