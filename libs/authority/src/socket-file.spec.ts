import { spawnSync } from 'node:child_process';
import { chmod, lstat, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freeSocketPath, openSocketDirectory } from './socket-file.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'sockets-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A socket file as a killed process leaves it. */
function leaveSocketBehind(path: string): void {
  const script = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  const { signal } = spawnSync(process.execPath, ['-e', script, path]);
  expect(signal).toBe('SIGKILL');
}

describe('openSocketDirectory', () => {
  it('makes a folder with mode 0700', async () => {
    const path = await openSocketDirectory(join(root, 'a', 'b'));
    expect((await lstat(path)).mode & 0o777).toBe(0o700);
  });

  it('takes one that is closed to others', async () => {
    expect(await openSocketDirectory(root)).toBe(root);
  });

  it('refuses one that is open to others, and leaves it as it is', async () => {
    await chmod(root, 0o755);
    await expect(openSocketDirectory(root)).rejects.toEqual(code('ERR_AUTHORITY_DIRECTORY'));
    expect((await lstat(root)).mode & 0o777).toBe(0o755);
  });

  it('refuses a link', async () => {
    await mkdir(join(root, 'real'), { mode: 0o700 });
    await symlink(join(root, 'real'), join(root, 'link'));
    await expect(openSocketDirectory(join(root, 'link'))).rejects.toEqual(
      code('ERR_AUTHORITY_DIRECTORY'),
    );
  });

  it('refuses a file', async () => {
    await writeFile(join(root, 'file'), '');
    await expect(openSocketDirectory(join(root, 'file'))).rejects.toEqual(
      code('ERR_AUTHORITY_DIRECTORY'),
    );
  });
});

describe('freeSocketPath', () => {
  it('names the socket after the workload', async () => {
    expect(await freeSocketPath(root, 'writer')).toBe(join(root, 'writer.sock'));
  });

  it('removes a socket that nobody answers on', async () => {
    const path = join(root, 'writer.sock');
    leaveSocketBehind(path);
    expect((await lstat(path)).isSocket()).toBe(true);
    expect(await freeSocketPath(root, 'writer')).toBe(path);
    await expect(lstat(path)).rejects.toThrow('ENOENT');
  });

  it('refuses a socket that somebody answers on, and leaves it', async () => {
    const path = join(root, 'writer.sock');
    const server = await new Promise<Server>((done) => {
      const listening = createServer().listen(path, () => done(listening));
    });
    try {
      await expect(freeSocketPath(root, 'writer')).rejects.toEqual(
        code('ERR_AUTHORITY_SOCKET_IN_USE'),
      );
      expect((await lstat(path)).isSocket()).toBe(true);
    } finally {
      await new Promise((done) => server.close(done));
    }
  });

  it('refuses a file, and leaves it', async () => {
    const path = join(root, 'writer.sock');
    await writeFile(path, 'precious');
    await expect(freeSocketPath(root, 'writer')).rejects.toEqual(
      code('ERR_AUTHORITY_SOCKET_OCCUPIED'),
    );
    expect(await readFile(path, 'utf8')).toBe('precious');
  });

  it('takes a path of 107 bytes and refuses one of 108', async () => {
    const folder = (bytes: number) => join(root, 'd'.repeat(bytes - root.length - 2 - 6));
    expect(Buffer.byteLength(await freeSocketPath(folder(107), 'a'))).toBe(107);
    await expect(freeSocketPath(folder(108), 'a')).rejects.toEqual(
      code('ERR_AUTHORITY_SOCKET_PATH_TOO_LONG'),
    );
  });
});
