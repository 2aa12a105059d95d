import GithubSlugger from 'github-slugger';
import { Parser } from 'htmlparser2';
import { UnusableDocument } from './documents.error.js';
import type { Block, ParsedDocument, Section } from './passage.js';

/** What a reader of the page does not see, or does not come for. */
const SKIPPED = new Set([
  'script', 'style', 'noscript', 'template', 'svg', 'math', 'iframe', 'object', 'canvas', 'nav', 'select', 'textarea',
]); // prettier-ignore
const BLOCKS = new Set([
  'address', 'article', 'aside', 'blockquote', 'body', 'dd', 'details', 'div', 'dl', 'dt', 'fieldset', 'figcaption',
  'figure', 'footer', 'form', 'header', 'hr', 'main', 'ol', 'p', 'section', 'summary', 'table', 'tr', 'ul', 'li',
]); // prettier-ignore
const VOID = new Set(['area', 'base', 'br', 'col', 'embed', 'hr', 'img', 'input', 'link', 'meta']);
const HEADING = /^h[1-6]$/;
const STEP = 16_384;
/** Elements within each other. The parser's time grows with the square of it, and no page comes near. */
const DEPTH_MAX = 1000;

/**
 * Sections of an HTML page by h1 to h6, as text: no scripts, styles, navigation or hidden parts. `pre` becomes a
 * fenced block, list items and table rows one line each. Throws `UnusableDocument` where elements nest too deeply.
 */
export function* parseHtml(text: string): Generator<undefined, ParsedDocument> {
  const reader = new Reader();
  const parser = new Parser(
    {
      onopentag: (name, attributes) => reader.open(name, attributes),
      onclosetag: (name) => reader.close(name),
      ontext: (data) => reader.text(data),
    },
    { decodeEntities: true, lowerCaseTags: true },
  );
  for (let at = 0; at < text.length; at += STEP) {
    parser.write(text.slice(at, at + STEP));
    yield;
  }
  parser.end();
  return reader.end();
}

class Reader {
  private pageTitle = '';
  private firstHeading: string | undefined;
  private readonly slugger = new GithubSlugger();
  private readonly path: { level: number; text: string }[] = [];
  private section: Section = { headings: [], anchor: '', blocks: [] };
  private readonly sections: Section[] = [this.section];
  /** Lines of the block so far, and the one that is being read. */
  private lines: string[] = [];
  private buffer = '';
  private depth = 0;
  private own = false;
  private heading: { level: number; id: string | undefined } | undefined;
  private inTitle = false;
  private pre = 0;
  /** Depth of open elements within a skipped one; 0 outside. */
  private skipped = 0;

  open(name: string, attributes: Readonly<Record<string, string>>): void {
    if (++this.depth > DEPTH_MAX) throw new UnusableDocument('too-deep');
    if (this.skipped > 0 || SKIPPED.has(name) || 'hidden' in attributes) {
      if (!VOID.has(name)) this.skipped++;
      return;
    }
    if (name === 'title') this.inTitle = this.pageTitle === '';
    else if (name === 'br') this.buffer += this.pre > 0 ? '\n' : ' ';
    else if (name === 'pre') {
      this.flush();
      this.pre++;
    } else if (HEADING.test(name)) {
      this.flush();
      this.heading = { level: Number(name.charAt(1)), id: attributes['id'] };
    } else if (name === 'li' || name === 'tr') this.openLine(name === 'li' ? '- ' : '');
    else if (name === 'td' || name === 'th') this.openCell();
    else if (BLOCKS.has(name)) this.openBlock();
  }

  close(name: string): void {
    this.depth--;
    if (this.skipped > 0) {
      if (!VOID.has(name)) this.skipped--;
      return;
    }
    if (name === 'title') this.inTitle = false;
    else if (name === 'pre' && this.pre > 0) {
      this.pre--;
      this.flushCode();
    } else if (HEADING.test(name)) this.endHeading();
    else if (name === 'ul' || name === 'ol' || name === 'table' || name === 'dl') this.flush();
    else if (BLOCKS.has(name) && !this.own) this.flush();
  }

  text(data: string): void {
    if (this.skipped > 0) return;
    if (this.inTitle) this.pageTitle += data;
    else this.buffer += this.pre > 0 ? data : data.replace(/\s+/g, ' ');
  }

  end(): ParsedDocument {
    if (this.heading !== undefined) this.endHeading();
    this.flush();
    const title = this.pageTitle.replace(/\s+/g, ' ').trim() || this.firstHeading;
    return {
      title,
      sections: this.sections.filter(
        (section) => section.blocks.length > 0 || section.headings.length > 0,
      ),
    };
  }

  private openLine(mark: string): void {
    if (!this.own) this.flush();
    this.own = true;
    this.endLine();
    this.buffer = mark;
  }

  private endLine(): void {
    const line = this.buffer.replace(/\s+/g, ' ').trim();
    this.buffer = '';
    if (line !== '' && line !== '-') this.lines.push(line);
  }

  private openCell(): void {
    if (this.buffer !== '') this.buffer += ' | ';
  }

  private openBlock(): void {
    if (this.own) this.buffer += ' ';
    else this.flush();
  }

  private endHeading(): void {
    const { level, id } = this.heading ?? { level: 6, id: undefined };
    this.heading = undefined;
    const text = this.buffer.replace(/\s+/g, ' ').trim();
    this.buffer = '';
    if (text === '') return;
    while ((this.path.at(-1)?.level ?? 0) >= level) this.path.pop();
    if (level === 1 && this.firstHeading === undefined) this.firstHeading = text;
    else this.path.push({ level, text });
    const anchor = id === undefined || id === '' ? this.slugger.slug(text) : id;
    this.section = { headings: this.path.map((part) => part.text), anchor, blocks: [] };
    this.sections.push(this.section);
  }

  private flushCode(): void {
    const code = this.buffer.replace(/^\n/, '').trimEnd();
    this.buffer = '';
    this.own = false;
    if (code.trim() === '') return;
    const fence = code.includes('```') ? '~~~~' : '```';
    this.push({ text: `${fence}\n${code}\n${fence}`, kind: 'code' });
  }

  private flush(): void {
    if (this.pre > 0 || this.heading !== undefined) return;
    this.endLine();
    const text = this.lines.join('\n');
    this.lines = [];
    const kind: Block['kind'] = this.own ? 'lines' : 'prose';
    this.own = false;
    if (text !== '') this.push({ text, kind });
  }

  private push(block: Block): void {
    this.section.blocks.push(block);
  }
}
