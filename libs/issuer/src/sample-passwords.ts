import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import { link, mkdir, open, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { inspect } from 'node:util';
import { IssuerError } from './issuer.error.js';
import { isSampleAccount, SAMPLE_ACCOUNTS, type SampleAccountName } from './sample-accounts.js';

const FILE_MAX_BYTES = 4096;
/** 120 bits and more, as the base64url text of a password holds them. */
const PASSWORD = /^[A-Za-z0-9_-]{20,128}$/;
const REDACTED = '[redacted]';

/**
 * The random passwords of the sample accounts, one set a state folder. They are never printed: `toString`, `toJSON`
 * and `inspect` say `[redacted]`.
 */
export class SamplePasswords {
  readonly #passwords: Readonly<Record<SampleAccountName, string>>;

  private constructor(passwords: Readonly<Record<SampleAccountName, string>>) {
    this.#passwords = passwords;
  }

  /**
   * Reads the file, and makes it (mode 0600, in a folder 0700) where there is none. Of two processes that do so at
   * once both get the same passwords. A file that another user could read or write is refused, never mended.
   *
   * @throws IssuerError `ERR_ISSUER_PASSWORD_FILE`
   *
   * @example
   * const passwords = await SamplePasswords.open('.mesh/issuer-passwords.json');
   * await signInAs(issuer.url, 'analyst', passwords.of('analyst'), { … });
   */
  static async open(file: string): Promise<SamplePasswords> {
    try {
      const text = (await read(file)) ?? (await create(file));
      return new SamplePasswords(parse(text, file));
    } catch (error) {
      if (error instanceof IssuerError) throw error;
      throw refused(file, 'cannot be read or made', error);
    }
  }

  /** Passwords that no file holds, for tests. */
  static random(): SamplePasswords {
    return new SamplePasswords(parse(newPasswords(), 'none'));
  }

  /** @throws IssuerError `ERR_ISSUER_ACCOUNT_UNKNOWN` */
  of(account: string): string {
    if (isSampleAccount(account)) return this.#passwords[account];
    throw new IssuerError(
      'ERR_ISSUER_ACCOUNT_UNKNOWN',
      `The sample accounts are ${SAMPLE_ACCOUNTS.join(', ')}.`,
    );
  }

  /** In a time that tells neither how much of the password was right nor whether the account exists. */
  match(account: string, password: string): boolean {
    const known = isSampleAccount(account);
    const expected = this.#passwords[known ? account : SAMPLE_ACCOUNTS[0]];
    return timingSafeEqual(sha256(password), sha256(expected)) && known;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}

async function read(file: string): Promise<string | undefined> {
  let handle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const stats = await handle.stat();
    if (!stats.isFile() || stats.size > FILE_MAX_BYTES) {
      throw refused(file, 'is no file, or too large');
    }
    if ((stats.mode & 0o077) !== 0 || stats.uid !== process.geteuid?.()) {
      throw refused(file, 'is open to others: it wants mode 0600');
    }
    return await handle.readFile('utf8');
  } finally {
    await handle.close();
  }
}

/** Written beside and linked to its name, so that a reader sees the whole file or none, and the first one wins. */
async function create(file: string): Promise<string> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${randomBytes(8).toString('hex')}`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    await handle.writeFile(newPasswords());
    await handle.sync();
    await link(draft, file).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
  } finally {
    await handle.close();
    await rm(draft, { force: true });
  }
  const text = await read(file);
  if (text === undefined) throw refused(file, 'went away');
  return text;
}

function newPasswords(): string {
  const entries = SAMPLE_ACCOUNTS.map((name) => [name, randomBytes(18).toString('base64url')]);
  return `${JSON.stringify(Object.fromEntries(entries), undefined, 2)}\n`;
}

function parse(text: string, file: string): Record<SampleAccountName, string> {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    // Without its cause: the parser quotes the text.
    throw refused(file, 'is no JSON');
  }
  const entry = (name: string): [string, string] => {
    const password = (found as Record<string, unknown> | null)?.[name];
    if (typeof password === 'string' && PASSWORD.test(password)) return [name, password];
    throw refused(file, `has none for ${name}`);
  };
  return Object.fromEntries(SAMPLE_ACCOUNTS.map(entry)) as Record<SampleAccountName, string>;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

function refused(file: string, what: string, cause?: unknown): IssuerError {
  const message = `The file of the sample passwords, ${file}, ${what}.`;
  return new IssuerError('ERR_ISSUER_PASSWORD_FILE', message, { cause });
}
