import type { DocumentsDto } from '@mesh/contracts';
import { useEffect, useState } from 'react';
import { requestJson } from '../api/client.js';
import { type Failure, failureFrom } from '../api/failure.js';

/** Neither: not known yet. */
export interface DocumentsInUse {
  readonly documents?: DocumentsDto;
  readonly failure?: Failure;
}

/** The documents that answers may come from, looked up once. */
export function useDocuments(): DocumentsInUse {
  const [known, setKnown] = useState<DocumentsInUse>({});
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    requestJson<DocumentsDto>('/v1/documents', { signal }).then(
      (documents) => setKnown({ documents }),
      (error: unknown) => signal.aborted || setKnown({ failure: failureFrom(error) }),
    );
    return () => controller.abort();
  }, []);
  return known;
}
