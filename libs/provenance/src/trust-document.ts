import {
  type BundleDocument,
  Certificate,
  parseBundleDocument,
  serializeBundleDocument,
  SpiffeId,
  TrustDomain,
} from '@mesh/spiffe';
import { base64Bytes, base64Text } from './base64url.js';
import { canonicalJson } from './canonical-json.js';
import { isObject } from './compact-jws.js';
import { type Digest, digestOf } from './digest.js';
import { type JsonValue, parseStrictJson } from './strict-json.js';
import { TrustDocumentError } from './trust-document.error.js';

/** Characters of a trust or archive document at most. */
export const MAX_TRUST_CHARACTERS = 2_097_152;
const MAX_EDGES = 1024;
const MAX_AUTHORITIES = 1024;
const TRUST = 'mesh-trust-v1';
const ARCHIVE = 'mesh-archive-v1';

/** Who may call whom. */
export interface Edge {
  readonly caller: SpiffeId;
  readonly callee: SpiffeId;
}

/** What a verifier of answers trusts. Never taken from the answer's own file. */
export interface TrustDocument {
  /** Of the trust domain; all IDs are members of it. */
  readonly bundle: BundleDocument;
  /** Who signs what is delivered. */
  readonly root: SpiffeId;
  /** At most 1024. */
  readonly edges: readonly Edge[];
}

/** A CA that is no longer in the bundle. */
export interface ArchivedAuthority {
  readonly certificate: Certificate;
  /** `distrusted`: whatever its key vouches for fails, whenever it was made. */
  readonly status: 'retired' | 'distrusted';
  /** Seconds since the epoch: nothing made after it is taken. */
  readonly since: number;
}

/** Retired CAs, apart from the trust document so that nobody imports them as live trust. At most 1024. */
export interface ArchiveDocument {
  readonly trustDomain: TrustDomain;
  readonly authorities: readonly ArchivedAuthority[];
}

/**
 * Reads a trust document of at most 2 MiB, strictly; its form stands in the README.
 * @throws TrustDocumentError with one code a rule
 */
export function parseTrustDocument(text: string): TrustDocument {
  return reading(() => {
    const members = documentOf(text, TRUST, ['trust_domain', 'root', 'edges', 'bundle']);
    const trustDomain = domainOf(members.trust_domain);
    const memberId = (value: JsonValue | undefined): SpiffeId => {
      const id = SpiffeId.parse(textOf(value));
      if (!id.memberOf(trustDomain) || id.path === '') {
        throw new TrustDocumentError(
          'ERR_TRUST_DOCUMENT_FOREIGN_ID',
          'An ID in the trust document is not one of a workload of the trust domain.',
        );
      }
      return id;
    };
    return {
      bundle: parseBundleDocument(canonicalJson(members.bundle), trustDomain),
      root: memberId(members.root),
      edges: listOf(members.edges, MAX_EDGES).map((value) => {
        const { caller, callee } = exactly(value, ['caller', 'callee']);
        return { caller: memberId(caller), callee: memberId(callee) };
      }),
    };
  });
}

/** As canonical JSON. */
export function serializeTrustDocument(document: TrustDocument): string {
  return canonicalJson({
    type: TRUST,
    trust_domain: document.bundle.trustDomain.name,
    root: document.root.toString(),
    edges: document.edges.map(({ caller, callee }) => ({
      caller: caller.toString(),
      callee: callee.toString(),
    })),
    bundle: JSON.parse(serializeBundleDocument(document.bundle)) as unknown,
  });
}

/** What a person compares with a digest had another way: SHA-256 of the canonical form. */
export async function trustDocumentDigest(document: TrustDocument): Promise<Digest> {
  return digestOf(serializeTrustDocument(document));
}

/**
 * Reads an archive document of at most 2 MiB, strictly; its form stands in the README.
 * @throws TrustDocumentError with one code a rule
 */
export function parseArchiveDocument(text: string): ArchiveDocument {
  return reading(() => {
    const members = documentOf(text, ARCHIVE, ['trust_domain', 'authorities']);
    return {
      trustDomain: domainOf(members.trust_domain),
      authorities: listOf(members.authorities, MAX_AUTHORITIES).map((value) => {
        const { certificate, status, since } = exactly(value, ['certificate', 'status', 'since']);
        const der = base64Bytes(textOf(certificate));
        if (der === undefined) throw malformed('a certificate is not base64');
        if (status !== 'retired' && status !== 'distrusted') throw malformed('a status is unknown');
        if (typeof since !== 'number' || !Number.isSafeInteger(since) || since < 0) {
          throw malformed('a time is not in whole seconds');
        }
        return { certificate: Certificate.parse(der), status, since };
      }),
    };
  });
}

/** As canonical JSON. */
export function serializeArchiveDocument(document: ArchiveDocument): string {
  return canonicalJson({
    type: ARCHIVE,
    trust_domain: document.trustDomain.name,
    authorities: document.authorities.map(({ certificate, status, since }) => ({
      certificate: base64Text(certificate.raw),
      status,
      since,
    })),
  });
}

function reading<Document>(read: () => Document): Document {
  try {
    return read();
  } catch (error) {
    if (error instanceof TrustDocumentError) throw error;
    throw malformed('a part of it cannot be read', error);
  }
}

type Members = Readonly<Record<string, JsonValue | undefined>>;

function documentOf(text: string, type: string, names: readonly string[]): Members {
  const value = parseStrictJson(text, MAX_TRUST_CHARACTERS);
  // Before its members: an archive in place of a trust document is to be called that.
  if (isObject(value) && value.type !== type) {
    throw new TrustDocumentError('ERR_TRUST_DOCUMENT_TYPE', `The document is not of type ${type}.`);
  }
  return exactly(value, ['type', ...names]);
}

function domainOf(value: JsonValue | undefined): TrustDomain {
  const name = textOf(value);
  const domain = TrustDomain.parse(name);
  if (domain.name !== name) throw malformed('the trust domain is not written as its name');
  return domain;
}

function exactly(value: JsonValue | undefined, names: readonly string[]): Members {
  if (!isObject(value)) throw malformed('a part of it is not an object');
  const own = Object.keys(value);
  if (own.length !== names.length || !names.every((name) => own.includes(name))) {
    throw malformed('a member is missing or unknown');
  }
  return value;
}

function listOf(value: JsonValue | undefined, limit: number): readonly JsonValue[] {
  if (!Array.isArray(value) || value.length > limit)
    throw malformed('a list is missing or too long');
  return value as readonly JsonValue[];
}

function textOf(value: JsonValue | undefined): string {
  if (typeof value !== 'string') throw malformed('a text is missing');
  return value;
}

function malformed(what: string, cause?: unknown): TrustDocumentError {
  return new TrustDocumentError(
    'ERR_TRUST_DOCUMENT_MALFORMED',
    `The document is malformed: ${what}.`,
    cause === undefined ? {} : { cause },
  );
}
