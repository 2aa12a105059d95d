import { fromBinary, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { TrustDomain } from '@mesh/spiffe';
import { X509Bundle, X509BundleSet } from '../x509-bundle.js';
import { X509Svid } from '../x509-svid.js';
import {
  X509BundlesResponseSchema,
  X509SVIDResponseSchema,
  type X509SVID,
} from './proto/workload_pb.js';
import { WorkloadApiError } from './workload-api.error.js';

/** All X.509 material of a workload, from one message: never a certificate of one update with a bundle of another. */
export interface X509Context {
  /** At least one; the first is the default identity (SPIFFE_Workload_API.md, section 5.3). */
  readonly svids: readonly X509Svid[];
  /** The bundle of each SVID's own trust domain, and the federated ones. */
  readonly bundles: X509BundleSet;
}

/**
 * Decodes an `X509SVIDResponse` and checks it whole (SPIFFE_Workload_API.md, sections 4.5 and 5.2.1). Of SVIDs with
 * the same hint the first is kept. Revocation lists are not read.
 *
 * @throws WorkloadApiError
 */
export function parseX509Context(message: Uint8Array): X509Context {
  const response = decode(X509SVIDResponseSchema, message);
  if (response.svids.length === 0) throw fieldMissing('svids');
  const bundles = new BundleCollector();
  const hints = new Set<string>();
  const svids: X509Svid[] = [];
  for (const entry of response.svids) {
    const svid = parseSvid(entry);
    bundles.add(svid.id.trustDomain, entry.bundle);
    if (svid.hint !== '' && hints.has(svid.hint)) continue;
    hints.add(svid.hint);
    svids.push(svid);
  }
  for (const [key, bundle] of Object.entries(response.federatedBundles)) {
    bundles.add(trustDomainOfKey(key), bundle);
  }
  return Object.freeze({ svids: Object.freeze(svids), bundles: bundles.set() });
}

/**
 * Decodes an `X509BundlesResponse` and checks it whole (SPIFFE_Workload_API.md, section 5.2.2).
 *
 * @throws WorkloadApiError
 */
export function parseX509Bundles(message: Uint8Array): X509BundleSet {
  const response = decode(X509BundlesResponseSchema, message);
  const entries = Object.entries(response.bundles);
  if (entries.length === 0) throw fieldMissing('bundles');
  const bundles = new BundleCollector();
  for (const [key, bundle] of entries) bundles.add(trustDomainOfKey(key), bundle);
  return bundles.set();
}

function decode<Schema extends DescMessage>(
  schema: Schema,
  message: Uint8Array,
): MessageShape<Schema> {
  try {
    return fromBinary(schema, message);
  } catch (cause) {
    throw new WorkloadApiError(
      'ERR_WORKLOAD_API_MESSAGE_MALFORMED',
      'A message of the Workload API cannot be decoded.',
      { cause },
    );
  }
}

function parseSvid(entry: X509SVID): X509Svid {
  if (entry.spiffeId === '') throw fieldMissing('spiffe_id');
  if (entry.x509Svid.length === 0) throw fieldMissing('x509_svid');
  if (entry.x509SvidKey.length === 0) throw fieldMissing('x509_svid_key');
  if (entry.bundle.length === 0) throw fieldMissing('bundle');
  const svid = parsed('ERR_WORKLOAD_API_SVID_INVALID', 'An SVID', () =>
    X509Svid.parse(entry.x509Svid, entry.x509SvidKey, entry.hint),
  );
  if (svid.id.toString() !== entry.spiffeId) {
    throw new WorkloadApiError(
      'ERR_WORKLOAD_API_ID_MISMATCH',
      'The Workload API names another SPIFFE ID than the SVID that it sent.',
    );
  }
  return svid;
}

/** Bundles are keyed by the SPIFFE ID of their trust domain; its bare name is taken too, as go-spiffe does. */
function trustDomainOfKey(key: string): TrustDomain {
  return parsed('ERR_WORKLOAD_API_BUNDLE_INVALID', "A bundle's key", () => {
    const trustDomain = TrustDomain.parse(key);
    if (key !== trustDomain.name && key !== trustDomain.id.toString()) {
      throw new TypeError('The key is the SPIFFE ID of a workload.');
    }
    return trustDomain;
  });
}

/**
 * One bundle a trust domain. A federated bundle for the trust domain of an SVID, or one bundle here and another
 * there for the same trust domain, would let one decide what the other vouches for: refused, not merged.
 */
class BundleCollector {
  readonly #bundles = new Map<string, X509Bundle>();

  add(trustDomain: TrustDomain, der: Uint8Array): void {
    const bundle = parsed('ERR_WORKLOAD_API_BUNDLE_INVALID', 'A bundle', () =>
      X509Bundle.parse(trustDomain, der),
    );
    const known = this.#bundles.get(trustDomain.name);
    if (known !== undefined && !known.equals(bundle)) {
      throw new WorkloadApiError(
        'ERR_WORKLOAD_API_BUNDLE_CONFLICT',
        `The Workload API sent two different bundles for the trust domain ${trustDomain.name}.`,
      );
    }
    this.#bundles.set(trustDomain.name, bundle);
  }

  set(): X509BundleSet {
    return X509BundleSet.of(...this.#bundles.values());
  }
}

function parsed<T>(
  code: 'ERR_WORKLOAD_API_SVID_INVALID' | 'ERR_WORKLOAD_API_BUNDLE_INVALID',
  what: string,
  parse: () => T,
): T {
  try {
    return parse();
  } catch (cause) {
    throw new WorkloadApiError(code, `${what} of the Workload API is not valid.`, { cause });
  }
}

function fieldMissing(field: string): WorkloadApiError {
  return new WorkloadApiError(
    'ERR_WORKLOAD_API_FIELD_MISSING',
    `A message of the Workload API lacks the mandatory field ${field}.`,
  );
}
