import { useCallback, useRef, useState } from 'react';
import { request } from '../api/client.js';
import { type Failure, FailureError } from '../api/failure.js';
import { reasonOf } from '../proof/reasons.js';
import { type Refusal, verify, type VerifiedView } from '../proof/verifier.js';
import { textOf } from './answer-file.js';

/** What a person brings: a file, or a text that was pasted. */
export type Brought = File | string;

export interface Result {
  readonly id: number;
  /** Of the file; undefined for a pasted text. */
  readonly name: string | undefined;
  readonly brought: Brought;
  /** Undefined while it is verified. */
  readonly outcome?: { readonly view: VerifiedView } | { readonly failure: Failure };
}

/** Documents to trust that a person brings along. */
export interface BroughtTrust {
  readonly trust?: File;
  readonly archive?: File;
}

/** Results that are kept to be looked at again. */
const KEPT = 20;

/** Verifies one file after the other; the newest stands first. */
export function useVerification() {
  const [results, setResults] = useState<readonly Result[]>([]);
  const lastId = useRef(0);

  const add = useCallback((brought: Brought, trusted: BroughtTrust) => {
    const id = ++lastId.current;
    const name = typeof brought === 'string' ? undefined : brought.name;
    setResults((all) => [{ id, name, brought }, ...all].slice(0, KEPT));
    const settle = (outcome: Result['outcome']) =>
      setResults((all) => all.map((one) => (one.id === id && outcome ? { ...one, outcome } : one)));
    verifyBrought(brought, trusted).then(
      (view) => settle({ view }),
      (error: unknown) => settle({ failure: failureOf(error) }),
    );
    return id;
  }, []);

  return { results, add };
}

async function verifyBrought(brought: Brought, trusted: BroughtTrust): Promise<VerifiedView> {
  // The file first: what is too large needs no trust.
  const document = typeof brought === 'string' ? brought : await textOf(brought);
  if (trusted.trust) {
    const trust = await textOf(trusted.trust);
    const archive = trusted.archive && (await textOf(trusted.archive));
    return verify(document, { trust, ...(archive !== undefined && { archive }) });
  }
  // Fresh each time: both change as CAs rotate. No session is needed, and none is told.
  const [trust, archive] = await Promise.all(
    ['/v1/trust', '/v1/trust/archive'].map(async (path) =>
      (await request(path, { csrf: '' })).text(),
    ),
  );
  return verify(document, { trust: trust!, archive: archive! });
}

function failureOf(error: unknown): Failure {
  if (error instanceof FailureError) return error.failure;
  const { code = 'VERIFICATION_FAILED', message = '', statement } = error as Partial<Refusal>;
  const reason = reasonOf({ code, message, ...(statement !== undefined && { statement }) });
  return { ...reason, code, status: 0 };
}
