import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { generateKeyPairSync } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mintCa, type IssueOptions, type Minted, type MintedCa } from '@test/kit';
import { TlsFileError } from './tls-file.error.js';
import { readTlsFiles, type TlsFiles } from './tls-files.js';

const DAY = 86_400_000;
const NOW = new Date();
const HOST = 'mesh.example.org';

let ca: MintedCa;
let folder: string;
let files: TlsFiles;

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'example.org' });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
  files = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
});
afterEach(() => rmSync(folder, { recursive: true }));

function issue(options: IssueOptions = {}): Promise<Minted> {
  return ca.issue({ uris: [], dnsNames: [HOST, '*.wild.example.org'], ...options });
}

function write({ chainPem, keyPem }: Minted): void {
  writeFileSync(files.certificate, chainPem);
  writeFileSync(files.key, keyPem, { mode: 0o600 });
}

function faultOf(host?: string, now = NOW): TlsFileError {
  try {
    readTlsFiles(files, host, now);
  } catch (error) {
    if (error instanceof TlsFileError) return error;
    throw error;
  }
  throw new Error('They were accepted.');
}

describe('readTlsFiles', () => {
  it.each(['P-256', 'P-384', 'RSA-2048', 'Ed25519'] as const)(
    'takes a certificate with a %s key',
    async (keyType) => {
      const minted = await issue({ keyType });
      write(minted);
      const { certificate, key, notAfter, warning } = readTlsFiles(files, HOST, NOW);
      expect({ certificate, key }).toEqual({ certificate: minted.chainPem, key: minted.keyPem });
      expect(notAfter.getTime()).toBeGreaterThan(NOW.getTime());
      expect(warning).toBeUndefined();
    },
  );

  it('takes intermediates behind the leaf, text around them, and links to both files', async () => {
    const below = await ca.intermediate();
    const minted = await below.issue({ uris: [], dnsNames: [HOST] });
    mkdirSync(join(folder, '..data'));
    writeFileSync(join(folder, '..data', 'cert'), `Subject: mesh\n${minted.chainPem}\n`);
    writeFileSync(join(folder, '..data', 'key'), minted.keyPem, { mode: 0o600 });
    symlinkSync('..data/cert', files.certificate);
    symlinkSync('..data/key', files.key);
    expect(readTlsFiles(files, HOST, NOW).certificate).toContain(minted.chainPem);
  });

  it.each([HOST, 'a.wild.example.org', undefined])('is for %s', async (host) => {
    write(await issue());
    expect(readTlsFiles(files, host, NOW).warning).toBeUndefined();
  });

  it.each(['example.org', 'a.b.wild.example.org', '127.0.0.1', '[::1]'])(
    'is not for %s, which it does not name',
    async (host) => {
      write(await issue());
      const error = faultOf(host);
      expect(error.code).toBe('ERR_TLS_CERTIFICATE_HOST');
      expect(error.message).toContain(`is not for ${host}, but for DNS:${HOST}`);
    },
  );

  it('takes no common name for a name', async () => {
    write(await issue({ subject: `CN=${HOST}`, dnsNames: [] }));
    expect(faultOf(HOST).code).toBe('ERR_TLS_CERTIFICATE_HOST');
  });

  it.each(['640', '644', '604'])('warns of a key of mode %s', async (mode) => {
    write(await issue());
    chmodSync(files.key, parseInt(mode, 8));
    expect(readTlsFiles(files, HOST, NOW).warning).toBe(
      `others may read the private key (mode ${mode}): chmod 600 ${files.key}`,
    );
  });

  it.each(['certificate', 'key'] as const)('names a %s that is not there', async (which) => {
    write(await issue());
    rmSync(files[which]);
    expect(faultOf()).toMatchObject({
      code: 'ERR_TLS_FILE_UNREADABLE',
      message: `${files[which]} does not exist.`,
    });
  });

  it.each(['certificate', 'key'] as const)('refuses a folder as the %s', async (which) => {
    write(await issue());
    rmSync(files[which]);
    mkdirSync(files[which]);
    expect(faultOf()).toMatchObject({
      code: 'ERR_TLS_FILE_UNREADABLE',
      message: `${files[which]} is no file.`,
    });
  });

  it('refuses a file that is larger than any chain', async () => {
    write(await issue());
    writeFileSync(files.certificate, 'x'.repeat(300_000));
    expect(faultOf()).toMatchObject({
      code: 'ERR_TLS_FILE_UNREADABLE',
      message: expect.stringContaining('is larger than 262144 bytes'),
    });
  });

  it.each([
    ['no PEM', 'hello', 'holds no certificate in PEM'],
    ['nothing', '', 'holds no certificate in PEM'],
    [
      'a broken certificate',
      '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      'holds a broken certificate',
    ],
  ])('refuses a certificate file with %s', async (_what, text, words) => {
    write(await issue());
    writeFileSync(files.certificate, text);
    expect(faultOf()).toMatchObject({
      code: 'ERR_TLS_FILE_INVALID',
      message: `${files.certificate} ${words}.`,
    });
  });

  it('refuses a key file without a key, and does not repeat it', async () => {
    const minted = await issue();
    write({ ...minted, keyPem: minted.keyPem.replaceAll('PRIVATE', 'SECRET') });
    const error = faultOf();
    expect(error).toMatchObject({
      code: 'ERR_TLS_FILE_INVALID',
      message: `${files.key} holds no private key in PEM.`,
    });
    expect(error.cause).toBeUndefined();
  });

  it('says that a key has a passphrase', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keyPem = privateKey
      .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'planted' })
      .toString();
    write({ ...(await issue()), keyPem });
    expect(faultOf()).toMatchObject({
      code: 'ERR_TLS_FILE_INVALID',
      message: expect.stringMatching(/has a passphrase: take it off/),
    });
  });

  it('refuses a key of another certificate', async () => {
    write({ ...(await issue()), keyPem: (await issue()).keyPem });
    expect(faultOf().code).toBe('ERR_TLS_KEY_MISMATCH');
  });

  it('refuses a chain whose leaf comes last, and says so', async () => {
    const below = await ca.intermediate();
    const minted = await below.issue({ uris: [], dnsNames: [HOST] });
    const blocks = minted.chainPem.split(/(?=-----BEGIN)/);
    write({ ...minted, chainPem: blocks.reverse().join('') });
    expect(faultOf()).toMatchObject({
      code: 'ERR_TLS_KEY_MISMATCH',
      message: expect.stringMatching(/: the leaf comes first\.$/),
    });
  });

  it('refuses an expired one, and one of tomorrow', async () => {
    write(await issue({ notAfter: new Date(NOW.getTime() + DAY) }));
    expect(readTlsFiles(files, HOST, NOW).warning).toBeUndefined();
    expect(faultOf(HOST, new Date(NOW.getTime() + 2 * DAY)).code).toBe(
      'ERR_TLS_CERTIFICATE_EXPIRED',
    );
    expect(faultOf(HOST, new Date(NOW.getTime() - 365 * DAY)).code).toBe(
      'ERR_TLS_CERTIFICATE_NOT_YET_VALID',
    );
  });

  it('refuses a key that OpenSSL holds for too weak', async () => {
    write(await issue({ keyType: 'RSA-1024' }));
    expect(faultOf()).toMatchObject({
      code: 'ERR_TLS_FILE_INVALID',
      message: expect.stringMatching(/^OpenSSL does not take the certificate .*ee key too small/),
    });
  });
});
