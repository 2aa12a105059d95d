import { base64UrlText } from './base64url.js';
import { canonicalJson } from './canonical-json.js';

/** SHA-256 as base64url: 43 characters. */
export type Digest = string;

/** SHA-256 of the bytes, or of the text as UTF-8. */
export async function digestOf(data: string | Uint8Array): Promise<Digest> {
  const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data);
  return base64UrlText(new Uint8Array(await crypto.subtle.digest('SHA-256', bytes)));
}

/**
 * SHA-256 of the canonical JSON (RFC 8785) of the value.
 * @throws JsonError for what has no canonical form
 */
export async function digestOfJson(value: unknown): Promise<Digest> {
  return digestOf(canonicalJson(value));
}

/** A call as its digest sees it. */
export interface CanonicalRequest {
  /** In upper case. */
  readonly method: string;
  /** With the query, if there is one. */
  readonly path: string;
  /** Of the header `Request-Nonce`: 128 bits as base64url. */
  readonly nonce: string;
  /** As received, before guardrails; null for none. */
  readonly body: unknown;
}

/** What the digest of a request is over: the canonical JSON of exactly `{method, path, nonce, body}`. */
export function requestJson({ method, path, nonce, body }: CanonicalRequest): string {
  return canonicalJson({ method, path, nonce, body });
}

/** Digest of a request. */
export async function requestDigest(request: CanonicalRequest): Promise<Digest> {
  return digestOf(requestJson(request));
}

/** Digest of a body, over everything but its top-level `statements`. */
export async function contentDigest(body: object): Promise<Digest> {
  return digestOfJson(
    Object.fromEntries(Object.entries(body).filter(([name]) => name !== 'statements')),
  );
}

/** What the digest of a source covers. */
export interface CitedSource {
  readonly id: number;
  readonly title: string;
  readonly url: string;
  /** The very passage the writer was given. */
  readonly snippet: string;
}

/** What the digest of a source is over: the canonical JSON of exactly `{id, title, url, snippet}`. */
export function sourceJson({ id, title, url, snippet }: CitedSource): string {
  return canonicalJson({ id, title, url, snippet });
}

/** Digest of a source. */
export async function sourceDigest(source: CitedSource): Promise<Digest> {
  return digestOf(sourceJson(source));
}
