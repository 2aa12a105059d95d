import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import { TlsFileError } from './tls-file.error.js';

/** Where a certificate and its key are kept, in PEM. */
export interface TlsFiles {
  readonly certificate: string;
  readonly key: string;
}

/** What a listener proves its name with. */
export interface TlsMaterial {
  /** The leaf, then its intermediates. */
  readonly certificate: string;
  readonly key: string;
  /** The leaf's end. */
  readonly notAfter: Date;
  /** What is no fault and should be mended, for the log; undefined where there is nothing. */
  readonly warning: string | undefined;
}

/** Larger than any chain. */
const MAX_BYTES = 256 * 1024;
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** The files of the certificate for this machine, which the launcher makes in the state folder. */
export function loopbackTls(state: string): TlsFiles & { readonly authority: string } {
  const folder = join(state, 'tls');
  return {
    certificate: join(folder, 'loopback.pem'),
    key: join(folder, 'loopback-key.pem'),
    authority: join(folder, 'ca.pem'),
  };
}

/**
 * Reads certificate and key, and holds them against each other, the time and the name they are for.
 * @param host Name that people open; undefined where it was not said.
 * @throws TlsFileError
 */
export function readTlsFiles(files: TlsFiles, host: string | undefined, now: Date): TlsMaterial {
  const certificate = read(files.certificate);
  const key = read(files.key);
  const [leaf, ...others] = certificatesIn(certificate, files.certificate);
  const privateKey = keyIn(key, files.key);
  if (!leaf!.checkPrivateKey(privateKey)) {
    throw new TlsFileError(
      'ERR_TLS_KEY_MISMATCH',
      others.some((other) => other.checkPrivateKey(privateKey))
        ? `The key in ${files.key} is not that of the first certificate in ${files.certificate}: the leaf comes first.`
        : `The key in ${files.key} is not that of the certificate in ${files.certificate}.`,
    );
  }
  const notBefore = leaf!.validFromDate;
  const notAfter = leaf!.validToDate;
  if (now > notAfter) {
    throw new TlsFileError(
      'ERR_TLS_CERTIFICATE_EXPIRED',
      `The certificate in ${files.certificate} expired at ${notAfter.toISOString()}.`,
    );
  }
  if (now < notBefore) {
    throw new TlsFileError(
      'ERR_TLS_CERTIFICATE_NOT_YET_VALID',
      `The certificate in ${files.certificate} is valid from ${notBefore.toISOString()} on.`,
    );
  }
  if (host !== undefined && !isFor(leaf!, host)) {
    throw new TlsFileError(
      'ERR_TLS_CERTIFICATE_HOST',
      `The certificate in ${files.certificate} is not for ${host}, but for ${leaf!.subjectAltName ?? 'no name at all'}.`,
    );
  }
  try {
    createSecureContext({ cert: certificate, key });
  } catch (cause) {
    throw new TlsFileError(
      'ERR_TLS_FILE_INVALID',
      `OpenSSL does not take the certificate in ${files.certificate}: ${(cause as Error).message}.`,
      { cause },
    );
  }
  return { certificate, key, notAfter, warning: warningOf(files.key) };
}

function isFor(leaf: X509Certificate, host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '');
  const name = isIP(address)
    ? leaf.checkIP(address)
    : // A name in the subject counts for no browser.
      leaf.checkHost(host, { subject: 'never' });
  return name !== undefined;
}

function read(path: string): string {
  try {
    const stats = statSync(path);
    if (!stats.isFile()) throw unreadable(path, 'is no file');
    if (stats.size > MAX_BYTES) throw unreadable(path, `is larger than ${MAX_BYTES} bytes`);
    return readFileSync(path, 'utf8');
  } catch (cause) {
    if (cause instanceof TlsFileError) throw cause;
    const { code = 'unknown' } = cause as NodeJS.ErrnoException;
    const why: Record<string, string> = {
      ENOENT: 'does not exist',
      EACCES: 'may not be read by this user',
    };
    throw unreadable(path, why[code] ?? `cannot be read (${code})`, cause);
  }
}

function unreadable(path: string, why: string, cause?: unknown): TlsFileError {
  return new TlsFileError('ERR_TLS_FILE_UNREADABLE', `${path} ${why}.`, { cause });
}

function certificatesIn(text: string, path: string): X509Certificate[] {
  const blocks = text.match(PEM) ?? [];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw new TlsFileError('ERR_TLS_FILE_INVALID', `${path} holds a broken certificate.`, {
      cause,
    });
  }
  throw new TlsFileError('ERR_TLS_FILE_INVALID', `${path} holds no certificate in PEM.`);
}

function keyIn(text: string, path: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    throw new TlsFileError(
      'ERR_TLS_FILE_INVALID',
      text.includes('ENCRYPTED')
        ? `The private key in ${path} has a passphrase: take it off, and let the file's rights protect it.`
        : `${path} holds no private key in PEM.`,
    );
  }
}

/** A mounted secret of Kubernetes is readable by its group, and a deployment may mean it: so it is no fault. */
function warningOf(path: string): string | undefined {
  const { mode } = statSync(path);
  if ((mode & 0o077) === 0) return undefined;
  return `others may read the private key (mode ${(mode & 0o777).toString(8)}): chmod 600 ${path}`;
}
