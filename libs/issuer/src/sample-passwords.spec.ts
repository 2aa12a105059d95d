import { chmod, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SAMPLE_ACCOUNTS } from './sample-accounts.js';
import { SamplePasswords } from './sample-passwords.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('SamplePasswords', () => {
  let folder: string;
  let file: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'issuer-'));
    file = join(folder, 'state', 'passwords.json');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('makes a file that its user alone reads, in a folder likewise, once', async () => {
    const made = await SamplePasswords.open(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'state'))).mode & 0o777).toBe(0o700);
    const again = await SamplePasswords.open(file);
    for (const name of SAMPLE_ACCOUNTS) expect(again.of(name)).toBe(made.of(name));
    expect(new Set(SAMPLE_ACCOUNTS.map((name) => made.of(name))).size).toBe(3);
  });

  it('gives all who start at once the same passwords', async () => {
    const opened = await Promise.all(Array.from({ length: 8 }, () => SamplePasswords.open(file)));
    expect(new Set(opened.map((passwords) => passwords.of('admin'))).size).toBe(1);
  });

  it('differs from one state folder to the next', async () => {
    const [one, other] = [await SamplePasswords.open(file), await SamplePasswords.open(`${file}2`)];
    expect(one.of('analyst')).not.toBe(other.of('analyst'));
  });

  it.each([0o644, 0o640, 0o620, 0o604])('refuses mode %o', async (mode) => {
    await SamplePasswords.open(file);
    await chmod(file, mode);
    await expect(SamplePasswords.open(file)).rejects.toThrow(code('ERR_ISSUER_PASSWORD_FILE'));
  });

  it('does not follow a symbolic link', async () => {
    await SamplePasswords.open(file);
    const linked = join(folder, 'linked.json');
    await symlink(file, linked);
    await expect(SamplePasswords.open(linked)).rejects.toThrow(code('ERR_ISSUER_PASSWORD_FILE'));
  });

  it.each(['', '{', 'null', '{}', '{"analyst":"short","reader":"short","admin":"short"}'])(
    'refuses the content %j, and does not quote it',
    async (content) => {
      await SamplePasswords.open(file);
      await writeFile(file, content);
      const error: unknown = await SamplePasswords.open(file).catch((thrown: unknown) => thrown);
      expect(error).toEqual(code('ERR_ISSUER_PASSWORD_FILE'));
      expect(inspect(error)).not.toContain('short');
    },
  );

  it('matches the password of the account alone', () => {
    const passwords = SamplePasswords.random();
    expect(passwords.match('reader', passwords.of('reader'))).toBe(true);
    expect(passwords.match('reader', passwords.of('admin'))).toBe(false);
    expect(passwords.match('reader', '')).toBe(false);
    expect(passwords.match('nobody', passwords.of('analyst'))).toBe(false);
    expect(passwords.match('__proto__', passwords.of('analyst'))).toBe(false);
  });

  it('knows the sample accounts alone', () => {
    expect(() => SamplePasswords.random().of('root')).toThrow(code('ERR_ISSUER_ACCOUNT_UNKNOWN'));
  });

  it('is never printed', async () => {
    const passwords = await SamplePasswords.open(file);
    const printed = `${inspect({ passwords })} ${JSON.stringify({ passwords })} ${String(passwords)}`;
    expect(printed).not.toContain(passwords.of('admin'));
    expect(await readFile(file, 'utf8')).toContain(passwords.of('admin'));
  });
});
