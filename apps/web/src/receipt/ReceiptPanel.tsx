import type { ReceiptSource } from '@mesh/provenance';
import type { MouseEvent } from 'react';
import { passageId, reveal, sentenceId } from '../answer/passage-id.js';
import { visibleLine, visibleText } from '../answer/visible-text.js';
import { shortName } from '../proof/names.js';
import type { VerifiedView } from '../proof/verifier.js';
import { LeftTheMesh } from './LeftTheMesh.js';
import { partsOf } from './parts.js';
import { ReceiptCounts } from './ReceiptCounts.js';
import styles from './ReceiptPanel.module.css';
import { placeOf } from './source-place.js';

/** What the answer is made from, which sentence cites what, and what left the mesh for it. */
export function ReceiptPanel({ view }: { view: VerifiedView }) {
  const { receipt, sources } = view;
  const listed = receipt?.sources ?? sources.map(uncited);
  return (
    <section className={styles.receipt} aria-labelledby="receipt-heading">
      <h2 id="receipt-heading">Receipt</h2>
      {receipt && <ReceiptCounts receipt={receipt} />}
      <h3>{listed.length === 1 ? '1 source' : `${listed.length} sources`}</h3>
      {listed.length === 0 ? (
        <p className={styles.none}>The answer comes with no source.</p>
      ) : (
        <ol className={styles.sources}>
          {listed.map((source) => (
            <Source key={source.digest} view={view} source={source} />
          ))}
        </ol>
      )}
      <LeftTheMesh nodes={view.nodes} />
    </section>
  );
}

function Source({ view, source: cited }: { view: VerifiedView; source: ReceiptSource }) {
  const { source, digest, namedBy, citedBy, quotations } = cited;
  const place = placeOf(source.url);
  const signers = namedBy.map((at) => shortName(view.nodes[at]?.statement.iss ?? ''));
  return (
    <li id={passageId(view, source.id)} tabIndex={-1} value={source.id} className={styles.source}>
      <p className={styles.title}>
        <span className={styles.number}>{source.id}</span>{' '}
        <bdi>
          {place.href ? (
            <a href={place.href} target="_blank" rel="noopener noreferrer nofollow">
              {visibleLine(source.title)}
            </a>
          ) : (
            visibleLine(source.title)
          )}
        </bdi>
      </p>
      <p className={styles.place}>
        <bdi className="identifier">{place.text}</bdi>
      </p>
      <CitedBy view={view} sentences={citedBy} />
      <details className={styles.passage}>
        <summary>
          Passage
          {quotations.length > 0 && <span className={styles.quotes}> with the quoted words</span>}
        </summary>
        <blockquote dir="auto">
          {partsOf(source.snippet, quotations).map(({ text, quoted }, at) =>
            quoted ? (
              <mark key={at}>{visibleText(text)}</mark>
            ) : (
              <span key={at}>{visibleText(text)}</span>
            ),
          )}
        </blockquote>
        <p className={styles.digest}>
          SHA-256 <span className="identifier">{digest}</span>, signed by{' '}
          {new Intl.ListFormat('en').format(new Set(signers))}
        </p>
      </details>
    </li>
  );
}

function CitedBy({ view, sentences }: { view: VerifiedView; sentences: readonly number[] }) {
  if (sentences.length === 0) return <p className={styles.none}>No sentence cites it.</p>;
  const go = (event: MouseEvent, id: string) => {
    event.preventDefault();
    reveal(id);
  };
  return (
    <p className={styles.cited}>
      Cited by {sentences.length === 1 ? 'sentence' : 'sentences'}{' '}
      {sentences.map((sentence) => {
        const id = sentenceId(view, sentence);
        return (
          <span key={sentence}>
            <a
              href={`#${id}`}
              onClick={(event) => go(event, id)}
              title={visibleLine(view.receipt?.sentences[sentence]?.text ?? '', 120)}
            >
              {sentence + 1}
            </a>
          </span>
        );
      })}
    </p>
  );
}

function uncited(source: VerifiedView['sources'][number]): ReceiptSource {
  return { ...source, citedBy: [], quotations: [] };
}
