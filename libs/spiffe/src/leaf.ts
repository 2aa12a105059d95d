import { publicKeyKindOf, signatureAlgorithmOf } from './algorithms.js';
import { type Certificate, ExtensionOid } from './certificate.js';
import { CertificateError, type CertificateErrorCode } from './certificate.error.js';
import { SpiffeId } from './spiffe-id.js';

/** id-kp-serverAuth, id-kp-clientAuth and anyExtendedKeyUsage (RFC 5280 4.2.1.12). */
export const Purpose = {
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  any: '2.5.29.37.0',
} as const;

const UNDERSTOOD: ReadonlySet<string> = new Set(Object.values(ExtensionOid));

/** Refuses the certificate by `code`, unless the rule holds. */
export function rule(
  holds: boolean,
  certificate: Certificate,
  code: CertificateErrorCode,
  message: string,
  cause?: unknown,
): asserts holds {
  if (holds) return;
  throw new CertificateError(code, message, {
    serialNumber: certificate.serialNumber,
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * The SPIFFE ID of a workload's certificate, after all rules of X509-SVID for leaves (2, 3.1, 4, 5.2): exactly one URI
 * SAN, a SPIFFE ID with a path; no CA; a critical key usage with digitalSignature and without keyCertSign and cRLSign;
 * serverAuth and clientAuth if it has an extended key usage; a key and a signature of an accepted kind; no critical
 * extension that is not understood. Neither validity nor trust is checked here: see `verifyChain`.
 *
 * @throws CertificateError with one code a rule
 */
export function spiffeIdOfLeaf(leaf: Certificate): SpiffeId {
  const [uri, ...others] = leaf.uriNames;
  rule(uri !== undefined, leaf, 'ERR_SVID_URI_MISSING', 'The certificate has no URI SAN.');
  rule(others.length === 0, leaf, 'ERR_SVID_URI_SEVERAL', 'The certificate has several URI SANs.');
  const id = idOf(leaf, uri, 'ERR_SVID_ID_INVALID');
  rule(id.path !== '', leaf, 'ERR_SVID_PATH_MISSING', "The workload's SPIFFE ID has no path.");
  rule(
    leaf.hasSubject || leaf.isCritical(ExtensionOid.subjectAltName),
    leaf,
    'ERR_SVID_SAN_NOT_CRITICAL',
    'The subject is empty and the SAN extension not critical.',
  );
  rule(!leaf.isCa, leaf, 'ERR_SVID_IS_CA', 'The certificate of the workload is a CA.');
  const usage = leaf.keyUsage;
  rule(usage !== undefined, leaf, 'ERR_SVID_KEY_USAGE_MISSING', 'The SVID has no key usage.');
  assertKeyUsageCritical(leaf);
  rule(
    usage.has('digitalSignature'),
    leaf,
    'ERR_SVID_DIGITAL_SIGNATURE_MISSING',
    "The SVID's key usage lacks digitalSignature.",
  );
  rule(!usage.has('keyCertSign'), leaf, 'ERR_SVID_KEY_CERT_SIGN', 'The SVID has keyCertSign.');
  rule(!usage.has('cRLSign'), leaf, 'ERR_SVID_CRL_SIGN', 'The SVID has cRLSign.');
  const purposes = leaf.extendedKeyUsage;
  rule(
    purposes === undefined ||
      (purposes.includes(Purpose.serverAuth) && purposes.includes(Purpose.clientAuth)),
    leaf,
    'ERR_SVID_EXTENDED_KEY_USAGE',
    "The SVID's extended key usage lacks serverAuth or clientAuth.",
  );
  assertUnderstood(leaf);
  publicKeyKindOf(leaf);
  signatureAlgorithmOf(leaf);
  return id;
}

/** Reads the certificate's URI as a SPIFFE ID; the rule that it breaks becomes the cause. */
export function idOf(certificate: Certificate, uri: string, code: CertificateErrorCode): SpiffeId {
  try {
    return SpiffeId.parse(uri);
  } catch (cause) {
    rule(false, certificate, code, "The certificate's URI SAN is not a SPIFFE ID.", cause);
  }
}

/** X509-SVID 4.3: on all SVIDs, of workloads and of authorities. */
export function assertKeyUsageCritical(svid: Certificate): void {
  rule(
    svid.isCritical(ExtensionOid.keyUsage),
    svid,
    'ERR_SVID_KEY_USAGE_NOT_CRITICAL',
    "The SVID's key usage is not critical.",
  );
}

/** RFC 5280 4.2: a critical extension that is not understood refuses the certificate. */
export function assertUnderstood(certificate: Certificate): void {
  const unknown = certificate.criticalExtensions.find((oid) => !UNDERSTOOD.has(oid));
  rule(
    unknown === undefined,
    certificate,
    'ERR_CERTIFICATE_CRITICAL_EXTENSION',
    `The critical extension ${unknown} is not understood.`,
  );
}
