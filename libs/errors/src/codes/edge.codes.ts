import type { ErrorEntry } from '../error-entry.js';

/** Codes of the listener that people reach: its certificate and its limits. */
export const edgeCodes = {
  ERR_RATE_LIMITED: {
    status: 429,
    title: 'Too many requests',
    remedy: 'Wait as long as Retry-After says; the operator sets the limits (MESH_RATE_LIMIT_…).',
  },
  ERR_TLS_FILE_UNREADABLE: {
    status: 500,
    title: 'A file for TLS cannot be read',
    remedy:
      'Name a file that is there, and that the user the gateway runs as may read (MESH_TLS_CERTIFICATE, MESH_TLS_KEY).',
  },
  ERR_TLS_FILE_INVALID: {
    status: 500,
    title: 'A file for TLS does not hold what it should',
    remedy:
      'Give PEM: the certificate with its intermediates, leaf first, and its private key without a passphrase.',
  },
  ERR_TLS_KEY_MISMATCH: {
    status: 500,
    title: 'Certificate and private key do not belong together',
    remedy: 'Name the key that the certificate was made for; renew both files together.',
  },
  ERR_TLS_CERTIFICATE_EXPIRED: {
    status: 500,
    title: 'The certificate has expired',
    remedy: 'Renew it; the gateway takes the new files without a restart.',
  },
  ERR_TLS_CERTIFICATE_NOT_YET_VALID: {
    status: 500,
    title: 'The certificate is not valid yet',
    remedy: 'Compare the clock of this machine with that of whoever issued it.',
  },
  ERR_TLS_CERTIFICATE_HOST: {
    status: 500,
    title: 'The certificate is for other names than the public address',
    remedy: 'Get one for the host of MESH_PUBLIC_URL, or set that to a name the certificate has.',
  },
} as const satisfies Record<string, ErrorEntry>;
