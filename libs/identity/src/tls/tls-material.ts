import { constants } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { TrustDomain } from '@mesh/spiffe';
import type { X509Bundle, X509BundleSource } from '../x509-bundle.js';
import type { X509Svid, X509SvidSource } from '../x509-svid.js';
import type { Validity } from './connection-lifetime.js';

/** One consistent set of key, certificate and authorities. */
export interface TlsMaterial {
  readonly svid: X509Svid;
  /** Of its leaf and intermediates together. */
  readonly validity: Validity;
  /** All that a context needs: what Node is not given again in a rotation, it resets to its defaults. */
  readonly context: SecureContextOptions;
  /** Equal for material that is the same. */
  readonly version: string;
}

/** Without certificate and authorities: a handshake fails. */
export const NO_CONTEXT: SecureContextOptions = {
  // Never absent: Node would take the system's authorities.
  ca: [],
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  // With TLS 1.3, and nothing in Node's cache, nothing resumes: a resumed session would skip the checks.
  secureOptions: constants.SSL_OP_NO_TICKET,
};

/**
 * Reads the sources. The authorities are those of all bundles: OpenSSL only sorts out what nobody vouches for, the
 * chain is verified again against the bundle of the peer's own trust domain.
 * @throws what the source throws where there is no SVID or no bundle
 */
export function tlsMaterial(svids: X509SvidSource, bundles: X509BundleSource): TlsMaterial {
  const svid = svids.getX509Svid();
  const known = allBundles(bundles, svid.id.trustDomain);
  const authorities = new Set(
    known.flatMap((bundle) => bundle.authorities.map((authority) => authority.toPem())),
  );
  return {
    svid,
    validity: {
      notBefore: svid.notBefore,
      notAfter: new Date(Math.min(...svid.certificates.map((one) => one.notAfter.getTime()))),
    },
    version: [
      svid.certificatesPem,
      ...known.map(({ trustDomain, digest }) => `${trustDomain.name} ${digest}`).sort(),
    ].join(),
    context: {
      ...NO_CONTEXT,
      key: svid.privateKey.export({ type: 'pkcs8', format: 'pem' }),
      cert: svid.certificatesPem,
      ca: [...authorities],
    },
  };
}

/** All bundles of the source; of one that cannot list them, that of `trustDomain`. */
export function allBundles(
  bundles: X509BundleSource,
  trustDomain: TrustDomain,
): readonly X509Bundle[] {
  return bundles.x509Bundles?.() ?? [bundles.getX509BundleForTrustDomain(trustDomain)];
}
