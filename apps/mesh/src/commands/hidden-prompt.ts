/** Reads a line from the terminal without showing it. Ctrl-C ends the process. */
export function hiddenPrompt(question: string): Promise<string> {
  const { stdin, stderr } = process;
  stderr.write(question);
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  stdin.resume();
  return new Promise((resolve) => {
    let line = '';
    const onData = (chunk: string) => {
      for (const key of chunk) {
        if (key === '\u0003') process.kill(process.pid, 'SIGINT');
        else if (key === '\r' || key === '\n' || key === '\u0004') return end();
        else if (key === '\u007f' || key === '\b') line = line.slice(0, -1);
        else line += key;
      }
    };
    const end = () => {
      stdin.off('data', onData);
      stdin.setRawMode(false);
      stdin.pause();
      stderr.write('\n');
      resolve(line);
    };
    stdin.on('data', onData);
  });
}
