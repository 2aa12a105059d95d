import { MARKDOWN_WITHOUT, type Receipt } from '@mesh/provenance';
import { type ComponentProps, type ReactNode, useMemo } from 'react';
import Markdown, { type Components } from 'react-markdown';
import type { VerifiedView } from '../proof/verifier.js';
import { MarkSign } from '../receipt/marks.js';
import { webAddress } from '../receipt/source-place.js';
import styles from './AnswerText.module.css';
import { Citation } from './Citation.js';
import { demoteHeadings } from './demote-headings.js';
import { markSentences } from './marked-sentences.js';
import { sentenceId } from './passage-id.js';

interface Props {
  view: VerifiedView;
  markdown: string;
  receipt: Receipt;
}

/**
 * The answer's Markdown with its marks: no HTML, no images, links to the web alone, headings below those of the page.
 * Read by the same rules as its receipt.
 */
export default function MarkedMarkdown({ view, markdown, receipt }: Props) {
  const rehypePlugins = useMemo(
    () => [demoteHeadings, markSentences(markdown, receipt)],
    [markdown, receipt],
  );
  const components = useMemo(() => componentsOf(view, receipt), [view, receipt]);
  return (
    <Markdown
      remarkPlugins={[asReceiptReads]}
      rehypePlugins={rehypePlugins}
      remarkRehypeOptions={{ clobberPrefix: 'answer-' }}
      // Links and images judge their addresses themselves.
      urlTransform={(url) => url}
      components={components}
    >
      {markdown}
    </Markdown>
  );
}

/** A plugin of remark. */
function asReceiptReads(this: { data(): object }) {
  const data = this.data() as { micromarkExtensions?: object[] };
  (data.micromarkExtensions ??= []).push(MARKDOWN_WITHOUT);
}

function componentsOf(view: VerifiedView, { sentences }: Receipt): Components {
  return {
    p: ({ children }) => <p dir="auto">{children}</p>,
    li: ({ children }) => <li dir="auto">{children}</li>,
    pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
    a: ({ href = '', children }) => <WebLink url={href}>{children}</WebLink>,
    img: ({ src, alt }) => (
      <WebLink url={typeof src === 'string' ? src : ''}>{alt || 'picture'}</WebLink>
    ),
    mark: ({ children, ...props }) => {
      const place = numberOf(props, 'data-sentence');
      return (
        <span
          className={styles.sentence}
          data-mark={sentences[place]?.mark}
          {...('data-first' in props && { id: sentenceId(view, place), tabIndex: -1 })}
        >
          {children}
        </span>
      );
    },
    cite: (props) => <Citation view={view} source={numberOf(props, 'data-source')} />,
    meter: (props) => {
      const mark = sentences[numberOf(props, 'data-sentence')]?.mark;
      return mark ? <MarkSign mark={mark} /> : null;
    },
  };
}

function numberOf(props: ComponentProps<'span'>, name: string): number {
  return Number((props as Record<string, unknown>)[name]);
}

/** A link that tells where it leads; what leads nowhere safe is text. */
function WebLink({ url, children }: { url: string; children: ReactNode }) {
  const address = webAddress(url);
  if (!address) return <>{children}</>;
  return (
    <>
      <a href={address.href} target="_blank" rel="noopener noreferrer nofollow">
        {children}
      </a>{' '}
      <bdi className={styles.host}>({address.host})</bdi>
    </>
  );
}
