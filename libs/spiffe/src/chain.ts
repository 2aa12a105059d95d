import {
  publicKeyKindOf,
  type PublicKeyKind,
  signatureAlgorithmOf,
  type SignatureAlgorithm,
} from './algorithms.js';
import type { Certificate } from './certificate.js';
import { CertificateError } from './certificate.error.js';
import { sameBytes } from './der.js';
import {
  assertKeyUsageCritical,
  assertUnderstood,
  idOf,
  Purpose,
  rule,
  spiffeIdOfLeaf,
} from './leaf.js';
import { withinNameConstraints } from './name-constraints.js';
import type { SpiffeId } from './spiffe-id.js';

/** Certificates that a peer may present at most, its own included. */
export const MAX_CHAIN_LENGTH = 8;

/** A signature for the caller to check: with node:crypto, WebCrypto or whatever it has. */
export interface SignatureCheck {
  readonly algorithm: SignatureAlgorithm;
  readonly keyKind: PublicKeyKind;
  /** SubjectPublicKeyInfo (DER) of the key that is said to have signed. */
  readonly publicKeyInfo: Uint8Array;
  /** As it stands in the certificate: ECDSA as the DER of r and s. */
  readonly signature: Uint8Array;
  readonly data: Uint8Array;
}

/** What a chain proves, once all rules hold. */
export interface VerifiedChain {
  readonly id: SpiffeId;
  /** From the workload's certificate to the authority's. */
  readonly chain: readonly Certificate[];
  /** The authority of the bundle that vouches for it: last of `chain`. */
  readonly authority: Certificate;
  /** From when all of them are valid. */
  readonly notBefore: Date;
  /** The earliest end among them. */
  readonly notAfter: Date;
}

/** What is known of a chain before anybody vouches for it. */
export interface PresentedChain {
  readonly id: SpiffeId;
  /** From the workload's certificate to the last one presented. */
  readonly chain: readonly Certificate[];
  readonly last: Certificate;
}

/**
 * Verifies what can be verified without a bundle and at whatever time: the leaf's rules, the order and length of the
 * chain, the rules of each signing certificate in it (X509-SVID, RFC 5280), and the signatures between them. The leaf
 * stands first and each certificate issued the one before it. A chain in another order, or with a certificate that is
 * not part of it, is refused: no sender of the standard has a reason to send one, and what is not looked at cannot
 * mislead. Yields signature checks as `verifyChain` does.
 *
 * @throws CertificateError with one code a rule
 */
export function* verifyPresentedChain(
  chain: readonly Certificate[],
): Generator<SignatureCheck, PresentedChain, boolean> {
  const [leaf, ...signers] = chain;
  if (leaf === undefined) {
    throw new CertificateError('ERR_CHAIN_EMPTY', 'No certificate was presented.');
  }
  rule(
    chain.length <= MAX_CHAIN_LENGTH,
    leaf,
    'ERR_CHAIN_TOO_LONG',
    `More than ${MAX_CHAIN_LENGTH} certificates were presented.`,
  );
  const id = spiffeIdOfLeaf(leaf);
  const links = signers.map((issuer, index) => {
    const below = chain.slice(0, index + 1);
    return { issuer, below, issued: below.at(-1) ?? leaf };
  });
  for (const { issuer, below, issued } of links) {
    rule(
      namesIssuer(issued, issuer) && !issuer.equals(issued),
      issued,
      'ERR_CHAIN_ORDER',
      'A certificate is not followed by the one that issued it.',
    );
    assertSigner(issuer, below, id);
  }
  // All that is cheap has passed: now the signatures.
  for (const { issuer, issued } of links) {
    rule(
      yield signatureCheck(issued, issuer),
      issued,
      'ERR_CHAIN_SIGNATURE',
      'A certificate is not signed by the one that follows it.',
    );
  }
  // Last, as anyone can put signers of their own making above a leaf: those are refused by now, their names unread.
  for (const { issuer, below } of links) assertNames(issuer, below);
  return { id, chain, last: signers.at(-1) ?? leaf };
}

/**
 * Verifies a chain against the authorities of its trust domain, which the caller has chosen by the leaf's ID. A
 * generator, so that the rules stand here once and the caller checks signatures its own way: each yielded check is to
 * be answered with whether the signature is right. The last certificate presented must be signed by an authority, or
 * be one itself, as when a server sends its root along.
 *
 * Stricter than RFC 5280: names must be equal byte for byte, self-issued certificates count for the path length and
 * are held to name constraints like any other, and the rules hold for the authorities too.
 *
 * @throws CertificateError with one code a rule
 *
 * @example
 * const steps = verifyChain(chain, authorities, new Date());
 * let step = steps.next();
 * while (!step.done) step = steps.next(await webCryptoCheck(step.value));
 * step.value.id.toString();
 */
export function* verifyChain(
  presented: readonly Certificate[],
  authorities: readonly Certificate[],
  at: Date,
): Generator<SignatureCheck, VerifiedChain, boolean> {
  presented.forEach((certificate) => assertValidAt(certificate, at));
  const { id, chain, last } = yield* verifyPresentedChain(presented);
  // A leaf that is an authority as well was refused above, for it is no CA or one.
  if (authorities.some((authority) => authority.equals(last)) && chain.length > 1) {
    return verified(id, chain, last);
  }
  let reason: CertificateError | undefined;
  for (const authority of authorities) {
    if (!namesIssuer(last, authority)) continue;
    try {
      assertValidAt(authority, at);
      assertSigner(authority, chain, id);
      assertNames(authority, chain);
    } catch (error) {
      // A renewed authority has the name of the one before it: the next may be the right one.
      reason ??= error as CertificateError;
      continue;
    }
    if (yield signatureCheck(last, authority)) {
      return verified(id, [...chain, authority], authority);
    }
  }
  throw (
    reason ??
    new CertificateError(
      'ERR_CHAIN_UNTRUSTED',
      `No authority of ${id.trustDomain.name} vouches for the chain.`,
      { serialNumber: last.serialNumber },
    )
  );
}

function verified(
  id: SpiffeId,
  chain: readonly Certificate[],
  authority: Certificate,
): VerifiedChain {
  return Object.freeze({
    id,
    chain: Object.freeze([...chain]),
    authority,
    notBefore: new Date(Math.max(...chain.map((one) => one.notBefore.getTime()))),
    notAfter: new Date(Math.min(...chain.map((one) => one.notAfter.getTime()))),
  });
}

function signatureCheck(issued: Certificate, issuer: Certificate): SignatureCheck {
  return {
    algorithm: signatureAlgorithmOf(issued),
    keyKind: publicKeyKindOf(issuer),
    publicKeyInfo: issuer.publicKeyInfo,
    signature: issued.signature,
    data: issued.signedData,
  };
}

/** Whether `issued` says that `issuer` issued it: by name and, where both have one, by key identifier. */
function namesIssuer(issued: Certificate, issuer: Certificate): boolean {
  return (
    sameBytes(issued.issuerName, issuer.subjectName) &&
    (issued.authorityKeyId === undefined ||
      issuer.subjectKeyId === undefined ||
      issued.authorityKeyId === issuer.subjectKeyId)
  );
}

function assertValidAt(certificate: Certificate, at: Date): void {
  rule(
    at >= certificate.notBefore,
    certificate,
    'ERR_CERTIFICATE_NOT_YET_VALID',
    `The certificate is not valid before ${certificate.notBefore.toISOString()}.`,
  );
  rule(
    at <= certificate.notAfter,
    certificate,
    'ERR_CERTIFICATE_EXPIRED',
    `The certificate expired at ${certificate.notAfter.toISOString()}.`,
  );
}

/** The rules for a signing certificate (X509-SVID 3.2 and 4, RFC 5280 6.1.4) above the certificates `below` it. */
function assertSigner(signer: Certificate, below: readonly Certificate[], id: SpiffeId): void {
  rule(signer.isCa, signer, 'ERR_CHAIN_NOT_CA', 'A signing certificate is no CA.');
  rule(
    signer.keyUsage?.has('keyCertSign') ?? false,
    signer,
    'ERR_CHAIN_KEY_CERT_SIGN',
    'A signing certificate has no key usage of keyCertSign.',
  );
  const [uri, ...others] = signer.uriNames;
  if (uri !== undefined) {
    const own = idOf(signer, uri, 'ERR_CHAIN_SIGNER_ID');
    rule(
      others.length === 0 && own.equals(id.trustDomain.id),
      signer,
      'ERR_CHAIN_SIGNER_ID',
      "A signing certificate's URI is not the ID of the leaf's trust domain.",
    );
    assertKeyUsageCritical(signer);
  }
  const purposes = signer.extendedKeyUsage;
  rule(
    purposes === undefined ||
      purposes.includes(Purpose.any) ||
      (purposes.includes(Purpose.serverAuth) && purposes.includes(Purpose.clientAuth)),
    signer,
    'ERR_CHAIN_EXTENDED_KEY_USAGE',
    'A signing certificate is not meant for both sides of TLS.',
  );
  rule(
    signer.pathLength === undefined || below.length - 1 <= signer.pathLength,
    signer,
    'ERR_CHAIN_PATH_LENGTH',
    `A signing certificate permits ${signer.pathLength} others below it.`,
  );
  assertUnderstood(signer);
  publicKeyKindOf(signer);
  signatureAlgorithmOf(signer);
}

function assertNames(signer: Certificate, below: readonly Certificate[]): void {
  rule(
    below.every((certificate) => withinNameConstraints(certificate, signer)),
    signer,
    'ERR_CHAIN_NAME_CONSTRAINTS',
    'A name is outside what a signing certificate permits.',
  );
}
