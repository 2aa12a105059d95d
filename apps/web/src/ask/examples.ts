import type { DocumentsDto } from '@mesh/contracts';

/** Answered by the mesh's own guides, of which they name the last part of the address. */
const GUIDE = 'guides/workload-identity.md';
const questions = [
  'How does a workload get its SVID?',
  'What can a thief do with a stolen SVID?',
  'Who may call an agent?',
];

/** Questions to begin with; none once it is known that the documents are others, which cannot answer them. */
export function examplesFor(documents: DocumentsDto | undefined): readonly string[] {
  const ours =
    documents === undefined ||
    (documents.search === 'documents' &&
      documents.documents.some(({ url }) => url.endsWith(GUIDE)));
  return ours ? questions : [];
}
