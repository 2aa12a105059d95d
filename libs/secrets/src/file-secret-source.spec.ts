import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { FileSecretSource } from './file-secret-source.js';
import { Secret } from './secret.js';

let state: string;
let directory: string;
let source: FileSecretSource;

beforeEach(async () => {
  state = await mkdtemp(join(tmpdir(), 'secrets-'));
  directory = join(state, 'secrets');
  source = new FileSecretSource(directory);
});

afterEach(async () => {
  source.close();
  jest.useRealTimers();
  await rm(state, { recursive: true, force: true });
});

async function plant(name: string, text: string | Uint8Array, mode = 0o600): Promise<void> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeFile(join(directory, name), text, { mode });
  await chmod(join(directory, name), mode);
}

const refused = (code: string) => expect.objectContaining({ code });

describe('FileSecretSource', () => {
  it('gives back what was set, from a file 0600 in a folder 0700', async () => {
    await source.set('gemini', new Secret('key-1'));
    const { secret, expiresAt } = await source.get('gemini');
    expect(secret.reveal()).toBe('key-1');
    expect(expiresAt).toBeUndefined();
    expect((await stat(join(directory, 'gemini'))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('reads a file that a person wrote', async () => {
    await plant('gemini', 'key-1\n');
    expect((await source.get('gemini')).secret.reveal()).toBe('key-1');
  });

  it('replaces and leaves nothing else behind', async () => {
    await source.set('gemini', new Secret('key-1'));
    await source.set('gemini', new Secret('key-2'));
    expect((await source.get('gemini')).secret.reveal()).toBe('key-2');
    expect(await readdir(directory)).toEqual(['gemini']);
  });

  it('creates what is not there, and leaves what is, whoever was first', async () => {
    const others = Array.from({ length: 8 }, () => new FileSecretSource(directory));
    const created = await Promise.all(
      others.map(async (other, at) => {
        await other.create('gemini', new Secret(`key-${at}`));
        return (await other.get('gemini')).secret.reveal();
      }),
    );
    expect(new Set(created).size).toBe(1);
    await source.create('gemini', new Secret('late'));
    expect((await source.get('gemini')).secret.reveal()).toBe(created[0]);
    expect((await stat(join(directory, 'gemini'))).mode & 0o777).toBe(0o600);
    expect(await readdir(directory)).toEqual(['gemini']);
    await expect(source.create('gemini', new Secret('a\nb'))).rejects.toThrow(
      refused('ERR_SECRET_CHARACTER'),
    );
  });

  it('never shows a reader a part of a secret', async () => {
    const texts = ['a'.repeat(8000), 'b'.repeat(8000)];
    await source.set('gemini', new Secret(texts[0]!));
    const writes = (async () => {
      for (let round = 0; round < 20; round++) {
        await source.set('gemini', new Secret(texts[round % 2]!));
      }
    })();
    for (let round = 0; round < 50; round++) {
      expect(texts).toContain((await source.get('gemini')).secret.reveal());
    }
    await writes;
  });

  it('lists names, sorted, without what is no secret', async () => {
    expect(await source.list()).toEqual([]);
    await source.set('tavily', new Secret('t'));
    await source.set('gemini', new Secret('g'));
    await plant('.gemini.left-by-a-crash', 'x');
    await plant('README.md', 'x');
    expect(await source.list()).toEqual(['gemini', 'tavily']);
  });

  it('deletes', async () => {
    await source.set('gemini', new Secret('g'));
    await source.delete('gemini');
    await expect(source.get('gemini')).rejects.toThrow(refused('ERR_SECRET_NOT_FOUND'));
    await expect(source.delete('gemini')).rejects.toThrow(refused('ERR_SECRET_NOT_FOUND'));
  });

  it('says that a secret is not set, without the path', async () => {
    const error: unknown = await source.get('gemini').catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'ERR_SECRET_NOT_FOUND', secretName: 'gemini' });
    expect((error as Error).message).not.toContain(state);
  });

  describe('names', () => {
    it.each(['a', 'gemini', 'gemini-2', 'a'.repeat(64)])('accepts %j', async (name) => {
      await source.set(name, new Secret('x'));
      expect((await source.get(name)).secret.reveal()).toBe('x');
    });

    it.each([
      '',
      '.',
      '..',
      '../gemini',
      'a/b',
      'Gemini',
      '2a',
      '-a',
      'a b',
      'a\n',
      'a'.repeat(65),
    ])('refuses %j, in every method', async (name) => {
      const code = refused('ERR_SECRET_NAME_INVALID');
      await expect(source.get(name)).rejects.toThrow(code);
      await expect(source.set(name, new Secret('x'))).rejects.toThrow(code);
      await expect(source.delete(name)).rejects.toThrow(code);
      expect(() => source.onChange(name, () => undefined)).toThrow(code);
    });

    it('does not repeat a key that was typed as a name', async () => {
      await expect(source.get('AIza-planted-key')).rejects.toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('planted') }),
      );
    });
  });

  describe('rights', () => {
    it.each([0o640, 0o604, 0o660, 0o644])('refuses a file of mode %o', async (mode) => {
      await plant('gemini', 'key', mode);
      await expect(source.get('gemini')).rejects.toThrow(
        expect.objectContaining({
          code: 'ERR_SECRET_FILE_MODE',
          message: expect.stringContaining('chmod 600 secrets/gemini'),
        }),
      );
    });

    it('refuses a folder that others may enter, for reading and for writing', async () => {
      await plant('gemini', 'key');
      await chmod(directory, 0o750);
      const code = refused('ERR_SECRET_FILE_MODE');
      await expect(source.get('gemini')).rejects.toThrow(code);
      await expect(source.set('gemini', new Secret('x'))).rejects.toThrow(code);
      await expect(source.delete('gemini')).rejects.toThrow(code);
      await expect(source.list()).rejects.toThrow(code);
    });

    it("refuses another user's file", async () => {
      await plant('gemini', 'key');
      const user = jest.spyOn(process, 'geteuid').mockReturnValue(4_000_000);
      try {
        await expect(source.get('gemini')).rejects.toThrow(refused('ERR_SECRET_FILE_OWNER'));
      } finally {
        user.mockRestore();
      }
    });

    it('refuses a symbolic link in the place of the file', async () => {
      await plant('other', 'key');
      await symlink(join(directory, 'other'), join(directory, 'gemini'));
      await expect(source.get('gemini')).rejects.toThrow(refused('ERR_SECRET_FILE_TYPE'));
    });

    it('refuses a symbolic link in the place of the folder', async () => {
      await mkdir(join(state, 'elsewhere'), { mode: 0o700 });
      await symlink(join(state, 'elsewhere'), directory);
      const code = refused('ERR_SECRET_FILE_TYPE');
      await expect(source.get('gemini')).rejects.toThrow(code);
      await expect(source.set('gemini', new Secret('x'))).rejects.toThrow(code);
    });

    it('refuses a folder or a pipe in the place of the file, without waiting for a writer', async () => {
      await mkdir(join(directory, 'folder'), { recursive: true, mode: 0o700 });
      await chmod(directory, 0o700);
      execFileSync('mkfifo', ['-m', '600', join(directory, 'pipe')]);
      await expect(source.get('folder')).rejects.toThrow(refused('ERR_SECRET_FILE_TYPE'));
      await expect(source.get('pipe')).rejects.toThrow(refused('ERR_SECRET_FILE_TYPE'));
    });

    it('replaces a link that stands in the way instead of writing through it', async () => {
      await plant('other', 'untouched');
      await symlink(join(directory, 'other'), join(directory, 'gemini'));
      await source.set('gemini', new Secret('key'));
      expect((await source.get('gemini')).secret.reveal()).toBe('key');
      expect((await source.get('other')).secret.reveal()).toBe('untouched');
    });
  });

  describe('texts', () => {
    it.each<[string, string]>([
      ['ERR_SECRET_EMPTY', ''],
      ['ERR_SECRET_CHARACTER', 'a\nb'],
      ['ERR_SECRET_TOO_LARGE', 'k'.repeat(8193)],
    ])('refuses with %s, read or set', async (code, text) => {
      await plant('gemini', text);
      await expect(source.get('gemini')).rejects.toThrow(refused(code));
      await expect(source.set('gemini', new Secret(text))).rejects.toThrow(refused(code));
    });

    it('reads no more than the limit of a huge file', async () => {
      await plant('gemini', 'k'.repeat(1_000_000));
      await expect(source.get('gemini')).rejects.toThrow(refused('ERR_SECRET_TOO_LARGE'));
    });
  });

  describe('changes', () => {
    it('tells of set, replace and delete at once', async () => {
      const listener = jest.fn();
      source.onChange('gemini', listener);
      await source.set('gemini', new Secret('1'));
      expect(listener).toHaveBeenCalledTimes(1);
      await source.set('gemini', new Secret('2'));
      expect(listener).toHaveBeenCalledTimes(2);
      await source.set('tavily', new Secret('1'));
      expect(listener).toHaveBeenCalledTimes(2);
      await source.delete('gemini');
      expect(listener).toHaveBeenCalledTimes(3);
    });

    it('sees what another process wrote at the next look', async () => {
      jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
      const listener = jest.fn();
      const stop = source.onChange('gemini', listener);
      await new FileSecretSource(directory).set('gemini', new Secret('1'));
      expect(listener).not.toHaveBeenCalled();
      jest.advanceTimersByTime(2000);
      expect(listener).toHaveBeenCalledTimes(1);
      jest.advanceTimersByTime(10_000);
      expect(listener).toHaveBeenCalledTimes(1);
      stop();
      expect(jest.getTimerCount()).toBe(0);
    });

    it('stops for the listener that asked, once a registration', async () => {
      const listener = jest.fn();
      const stop = source.onChange('gemini', listener);
      source.onChange('gemini', listener);
      stop();
      stop();
      await source.set('gemini', new Secret('1'));
      expect(listener).toHaveBeenCalledTimes(1);
    });

    it('keeps no timer after close', () => {
      jest.useFakeTimers();
      source.onChange('gemini', () => undefined);
      expect(jest.getTimerCount()).toBe(1);
      source.close();
      source.close();
      expect(jest.getTimerCount()).toBe(0);
    });
  });

  it('refuses all work once closed', async () => {
    source.close();
    const code = refused('ERR_SECRET_SOURCE_CLOSED');
    await expect(source.get('gemini')).rejects.toThrow(code);
    await expect(source.set('gemini', new Secret('x'))).rejects.toThrow(code);
    await expect(source.delete('gemini')).rejects.toThrow(code);
    await expect(source.list()).rejects.toThrow(code);
    expect(() => source.onChange('gemini', () => undefined)).toThrow(code);
  });

  it("rejects with the caller's reason when its signal is aborted", async () => {
    await source.set('gemini', new Secret('x'));
    const reason = new Error('left');
    await expect(source.get('gemini', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('refuses production, also where the caller says nothing', () => {
    const code = refused('ERR_SECRET_SOURCE_DEVELOPMENT');
    expect(() => new FileSecretSource(directory, { environment: 'production' })).toThrow(code);
    const before = process.env.NODE_ENV;
    process.env.NODE_ENV = 'production';
    try {
      expect(() => new FileSecretSource(directory)).toThrow(code);
    } finally {
      process.env.NODE_ENV = before;
    }
    expect(() => new FileSecretSource(directory, { environment: undefined })).not.toThrow();
  });

  it('reports a broken folder as unreadable', async () => {
    await source.set('gemini', new Secret('x'));
    const long = new FileSecretSource(join(state, 'x'.repeat(300)));
    await expect(long.get('gemini')).rejects.toThrow(refused('ERR_SECRET_UNREADABLE'));
    await expect(long.list()).rejects.toThrow(refused('ERR_SECRET_UNREADABLE'));
  });
});
