import {
  AnswerVerifier,
  parseArchiveDocument,
  parseTrustDocument,
  receiptOf,
  requestDigest,
  type CanonicalRequest,
  type TrustDocument,
} from '@mesh/provenance';
import { type VerifiedView, viewOf } from './view.js';

/** What is verified, and by what. */
export interface VerifyOptions {
  /** The trust document: never from the answer's own file. */
  readonly trust: string;
  /** The archive document: CAs that are retired or distrusted. */
  readonly archive?: string;
  /** The call that was just made; without it, an answer that was kept. */
  readonly call?: { readonly audience: string; readonly request: CanonicalRequest };
}

/** Verifies answers one after the other, and keeps the verifier while trust and archive stay the same. */
export class Verification {
  #texts: readonly (string | undefined)[] = [];
  #trust: TrustDocument | undefined;
  #verifier: AnswerVerifier | undefined;

  /** @throws AnswerError, JsonError, TrustDocumentError */
  async verify(document: string, { trust, archive, call }: VerifyOptions): Promise<VerifiedView> {
    const started = performance.now();
    const { verifier, document: trusted } = this.#by(trust, archive);
    const now = new Date();
    const answer = await verifier.verify(document, {
      now,
      ...(call && {
        call: { audience: call.audience, request: await requestDigest(call.request) },
      }),
    });
    const verified = performance.now();
    const receipt = await receiptOf(answer);
    const times = { ms: verified - started, receiptMs: performance.now() - verified };
    return viewOf(answer, trusted, receipt, times);
  }

  #by(trust: string, archive: string | undefined) {
    if (!this.#verifier || !this.#trust || this.#texts[0] !== trust || this.#texts[1] !== archive) {
      this.#trust = parseTrustDocument(trust);
      this.#verifier = new AnswerVerifier(
        this.#trust,
        archive === undefined ? undefined : parseArchiveDocument(archive),
      );
      this.#texts = [trust, archive];
    }
    return { verifier: this.#verifier, document: this.#trust };
  }
}
