import { publicKeyMembers } from './algorithms.js';
import { base64Bytes, base64Text } from './base64.js';
import { BundleError } from './bundle.error.js';
import { Certificate, MAX_CERTIFICATES } from './certificate.js';
import type { TrustDomain } from './trust-domain.js';

const MAX_CHARACTERS = 1_048_576;
const KEY_TYPES: ReadonlySet<unknown> = new Set(['EC', 'RSA']);
const X509_SVID = 'x509-svid';

/** A trust domain's bundle as SPIFFE_Trust_Domain_and_Bundle 4 exchanges it. */
export interface BundleDocument {
  /** Whose bundle it is. The document itself does not say. */
  readonly trustDomain: TrustDomain;
  readonly x509Authorities: readonly Certificate[];
  /** Grows whenever the bundle changes. */
  readonly sequenceNumber?: number;
  /** Seconds after which it should be fetched again. */
  readonly refreshHintSeconds?: number;
}

/**
 * Reads a bundle document: a JWK set of at most 1 MiB and 256 X.509 authorities. As the standard says, keys of an
 * unknown type or use, or without certificate, are passed over, and of several certificates of a key the first
 * counts; the rest is strict: one key that is malformed refuses the whole document. A bundle without authorities is
 * well-formed and vouches for nobody.
 *
 * @param trustDomain Whose bundle this is: the caller knows from where the text came.
 * @throws BundleError `ERR_BUNDLE_MALFORMED`, `ERR_BUNDLE_TOO_LARGE`
 */
export function parseBundleDocument(text: string, trustDomain: TrustDomain): BundleDocument {
  if (text.length > MAX_CHARACTERS) throw tooLarge();
  const document = membersOf(parseJson(text), 'the document');
  if (!Array.isArray(document.keys)) throw malformed('it has no list of keys');
  const authorities = document.keys.flatMap((key: unknown) => authorityOf(key) ?? []);
  if (authorities.length > MAX_CERTIFICATES) throw tooLarge();
  const sequenceNumber = countOf(document.spiffe_sequence, 'spiffe_sequence');
  const refreshHintSeconds = countOf(document.spiffe_refresh_hint, 'spiffe_refresh_hint');
  return {
    trustDomain,
    x509Authorities: authorities,
    ...(sequenceNumber === undefined ? {} : { sequenceNumber }),
    ...(refreshHintSeconds === undefined ? {} : { refreshHintSeconds }),
  };
}

/**
 * Writes a bundle document.
 * @throws CertificateError `ERR_CERTIFICATE_KEY` for an authority whose key is not P-256, P-384 or RSA
 */
export function serializeBundleDocument(bundle: BundleDocument): string {
  return JSON.stringify({
    keys: bundle.x509Authorities.map((authority) => ({
      use: X509_SVID,
      ...publicKeyMembers(authority),
      x5c: [base64Text(authority.raw)],
    })),
    spiffe_sequence: bundle.sequenceNumber,
    spiffe_refresh_hint: bundle.refreshHintSeconds,
  });
}

type Members = Readonly<Record<string, unknown>>;

function authorityOf(key: unknown): Certificate | undefined {
  const jwk = membersOf(key, 'a key');
  if (jwk.use !== X509_SVID || !KEY_TYPES.has(jwk.kty)) return undefined;
  if (jwk.x5c === undefined) return undefined;
  if (!Array.isArray(jwk.x5c)) throw malformed('x5c of a key is not a list');
  const [first] = jwk.x5c as unknown[];
  if (first === undefined) return undefined;
  const der = typeof first === 'string' ? base64Bytes(first) : undefined;
  if (der === undefined) throw malformed('a certificate is not base64');
  let certificate: Certificate;
  let members: Readonly<Record<string, string>>;
  try {
    certificate = Certificate.parse(der);
    members = publicKeyMembers(certificate);
  } catch (cause) {
    throw malformed('a certificate cannot be read', cause);
  }
  // RFC 7517 4.7: the key in the certificate is the key of the JWK.
  const differs = Object.entries(members).some(
    ([name, value]) => jwk[name] !== undefined && jwk[name] !== value,
  );
  if (differs) throw malformed('a key is not the one in its certificate');
  return certificate;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed('it is not JSON', cause);
  }
}

function membersOf(value: unknown, what: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw malformed(`${what} is not an object`);
  }
  return value as Members;
}

function countOf(value: unknown, what: string): number | undefined {
  if (value === undefined) return undefined;
  if (!Number.isSafeInteger(value) || (value as number) < 0) {
    throw malformed(`${what} is not a whole number from 0`);
  }
  return value as number;
}

function malformed(what: string, cause?: unknown): BundleError {
  return new BundleError(
    'ERR_BUNDLE_MALFORMED',
    `The bundle document is malformed: ${what}.`,
    cause === undefined ? {} : { cause },
  );
}

function tooLarge(): BundleError {
  return new BundleError(
    'ERR_BUNDLE_TOO_LARGE',
    `A bundle document may have ${MAX_CHARACTERS} characters and ${MAX_CERTIFICATES} authorities.`,
  );
}
