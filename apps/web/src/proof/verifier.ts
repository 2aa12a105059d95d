import type { CanonicalRequest, JsonObject, Verdict } from '@mesh/provenance';

/** A verified answer as plain data. */
export interface VerifiedView {
  /** Show this and nothing else. */
  readonly content: JsonObject;
  readonly verdict: Verdict;
}

export interface VerifyOptions {
  /** The trust document. */
  readonly trust: string;
  readonly archive?: string;
  /** The call that was just made. */
  readonly call?: { readonly audience: string; readonly request: CanonicalRequest };
}

export function verify(_document: string, _options: VerifyOptions): Promise<VerifiedView> {
  return Promise.reject(Object.assign(new Error('No verifier yet.'), { code: 'ERR_INTERNAL' }));
}
