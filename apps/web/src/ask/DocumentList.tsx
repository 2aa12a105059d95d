import styles from './DocumentList.module.css';
import { SourceLink } from './SourceLink.js';
import type { DocumentsInUse } from './use-documents.js';

/** What answers may come from. */
export function DocumentList({ documents, failure }: DocumentsInUse) {
  if (failure) {
    return (
      <p className={styles.line} role="status">
        Which documents are in use cannot be told now ({failure.code}
        {failure.correlationId && `, ${failure.correlationId}`}). Asking may still work.
      </p>
    );
  }
  if (!documents) return <p className={styles.line}>Looking up the documents in use…</p>;
  if (documents.search === 'tavily') {
    return <p className={styles.line}>Answers come from the web, searched by Tavily.</p>;
  }
  if (documents.total === 0) {
    return <p className={styles.line}>There is no document to answer from yet.</p>;
  }
  const rest = documents.total - documents.documents.length;
  return (
    <details className={styles.list}>
      <summary>
        {documents.total === 1 ? '1 document is' : `${documents.total} documents are`} in use
      </summary>
      <ul>
        {documents.documents.map(({ title, url }) => (
          <li key={url}>
            <SourceLink title={title} url={url} />
          </li>
        ))}
      </ul>
      {rest > 0 && <p className={styles.line}>and {rest} more</p>}
    </details>
  );
}
