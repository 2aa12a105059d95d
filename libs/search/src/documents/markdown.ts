import GithubSlugger from 'github-slugger';
import { linesOf } from './lines.js';
import type { Block, ParsedDocument, Section } from './passage.js';

const FENCE = /^\s*(`{3,}|~{3,})/;
const ATX = /^ {0,3}(#{1,6})(?=[ \t]|$)/;
const SETEXT = /^ {0,3}(=+|-+)[ \t]*$/;
const RULE = /^ {0,3}([-*_])(?:[ \t]*\1){2,}[ \t]*$/;
const DEFINITION = /^ {0,3}\[[^[\]]+\]:[ \t]*\S/;
const OWN_LINE = /^\s*(?:[-*+]\s|\d{1,9}[.)]\s|\|)/;
const FRONT_MATTER_LINES = 200;

/**
 * Sections of a Markdown document by heading (ATX and setext), with the anchors that GitHub gives them. Front matter,
 * HTML comments and tags, link targets and emphasis are dropped; code, lists and tables stay. It is a line scanner,
 * not a renderer: linear in time whatever the input.
 */
export function* parseMarkdown(text: string): Generator<undefined, ParsedDocument> {
  const matter = frontMatter(text);
  const scanner = new Scanner(matter.title);
  let number = 0;
  for (const line of linesOf(text)) {
    if (number < matter.lines) number++;
    else scanner.line(line);
    yield;
  }
  return scanner.end();
}

/** The lines that front matter takes at the start of a text, and the title in it. */
function frontMatter(text: string): { lines: number; title: string | undefined } {
  let lines = 0;
  let title: string | undefined;
  for (const line of linesOf(text)) {
    const ends = lines > 0 && ['---', '...'].includes(line.trimEnd());
    lines++;
    if (ends) return { lines, title };
    if ((lines === 1 && line.trimEnd() !== '---') || lines >= FRONT_MATTER_LINES) break;
    const value = /^title:[ \t]*(\S.*)$/.exec(line)?.[1]?.trim();
    if (value !== undefined) title = value.replace(/^(["'])(.*)\1$/, '$2') || undefined;
  }
  return { lines: 0, title: undefined };
}

class Scanner {
  private readonly slugger = new GithubSlugger();
  private readonly path: { level: number; text: string }[] = [];
  private section: Section = { headings: [], anchor: '', blocks: [] };
  private readonly sections: Section[] = [this.section];
  private paragraph: string[] = [];
  private fence: { mark: string; lines: string[] } | undefined;
  private inComment = false;

  constructor(private title: string | undefined) {}

  line(raw: string): void {
    if (this.fence !== undefined) {
      this.fence.lines.push(raw);
      const mark = FENCE.exec(raw)?.[1];
      if (mark?.startsWith(this.fence.mark) === true && raw.trim() === mark) this.endFence();
      return;
    }
    if (raw === '') {
      this.endParagraph();
      return;
    }
    const line = this.withoutComments(raw);
    const mark = FENCE.exec(line)?.[1];
    if (mark !== undefined) {
      this.endParagraph();
      this.fence = { mark, lines: [line.trimStart()] };
      return;
    }
    const level = ATX.exec(line)?.[1]?.length;
    if (level !== undefined) {
      this.endParagraph();
      this.heading(level, atxText(line));
      return;
    }
    const underline = SETEXT.exec(line)?.[1];
    if (underline !== undefined && this.isSetextText()) {
      const text = this.paragraph.join(' ');
      this.paragraph = [];
      this.heading(underline.startsWith('=') ? 1 : 2, text);
      return;
    }
    if (line.trim() === '' || RULE.test(line)) {
      this.endParagraph();
      return;
    }
    if (DEFINITION.test(line)) return;
    this.paragraph.push(line.replace(/^ {0,3}>[ \t]?/, '').replace(/^\[![A-Z]+\][ \t]*$/, ''));
  }

  end(): ParsedDocument {
    if (this.fence !== undefined) this.endFence();
    this.endParagraph();
    return {
      title: this.title,
      sections: this.sections.filter(
        (section) => section.blocks.length > 0 || section.headings.length > 0,
      ),
    };
  }

  private heading(level: number, marked: string): void {
    const text = readable(marked).replaceAll('`', '').trim();
    if (text === '') return;
    const anchor = this.slugger.slug(text);
    while ((this.path.at(-1)?.level ?? 0) >= level) this.path.pop();
    // The first top heading is the document's name, not a part of it.
    const names = level === 1 && (this.title === undefined || this.title === text);
    if (names) this.title = text;
    else this.path.push({ level, text });
    this.section = { headings: this.path.map((part) => part.text), anchor, blocks: [] };
    this.sections.push(this.section);
  }

  private isSetextText(): boolean {
    const first = this.paragraph[0];
    return first !== undefined && this.paragraph.length <= 3 && !OWN_LINE.test(first);
  }

  private endFence(): void {
    const { mark, lines } = this.fence ?? { mark: '```', lines: [] };
    this.fence = undefined;
    const closed = lines.length > 1 && lines.at(-1)?.trim().startsWith(mark) === true;
    const body = closed ? lines.slice(1, -1) : lines.slice(1);
    if (body.some((line) => line.trim() !== ''))
      this.push({ text: [lines[0] ?? mark, ...body, mark].join('\n'), kind: 'code' });
  }

  private endParagraph(): void {
    const lines = this.paragraph;
    if (lines.length === 0) return;
    this.paragraph = [];
    let text = '';
    let own = false;
    for (const line of lines) {
      const ownLine = OWN_LINE.test(line);
      own ||= ownLine;
      text += (text === '' ? '' : ownLine ? '\n' : ' ') + (ownLine ? line.trimEnd() : line.trim());
    }
    const shown = readable(text).trim();
    if (shown !== '') this.push({ text: shown, kind: own ? 'lines' : 'prose' });
  }

  private push(block: Block): void {
    this.section.blocks.push(block);
  }

  private withoutComments(line: string): string {
    let kept = '';
    let rest = line;
    for (;;) {
      if (this.inComment) {
        const end = rest.indexOf('-->');
        if (end < 0) return kept;
        rest = rest.slice(end + 3);
        this.inComment = false;
      }
      const start = rest.indexOf('<!--');
      if (start < 0) return kept + rest;
      kept += rest.slice(0, start);
      rest = rest.slice(start + 4);
      this.inComment = true;
    }
  }
}

function atxText(line: string): string {
  const text = line.trim().replace(/^#+/, '').trim();
  let end = text.length;
  while (text.charAt(end - 1) === '#') end--;
  const closed = end < text.length && (end === 0 || /\s/.test(text.charAt(end - 1)));
  return closed ? text.slice(0, end).trimEnd() : text;
}

const ENTITIES: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: ' ',
};

/** Inline Markdown as a person reads it; code spans keep their backticks and what stands in them. */
function readable(text: string): string {
  const spans: string[] = [];
  const masked = text.replaceAll(MASK, '').replace(/`[^`]*`/g, (span) => {
    spans.push(span);
    return MASK;
  });
  let next = 0;
  return plain(masked).replaceAll(MASK, () => spans[next++] ?? '');
}

/** Stands for a code span while the text around it is cleaned: a character of private use. */
const MASK = '\u{F0000}';

function plain(text: string): string {
  return text
    .replace(/!?\[([^[\]]*)\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?:\s+"[^"]*")?\)/g, '$1')
    .replace(/\[([^[\]]+)\]\[[^[\]]*\]/g, '$1')
    .replace(/<((?:https?|mailto):[^<>\s]+)>/g, '$1')
    .replace(/<br\s*\/?>/gi, ' ')
    .replace(/<\/?[a-zA-Z][^<>]*>/g, '')
    .replace(/(?<![\\*])\*{1,3}(?=[^\s*])([^*\n]+)(?<=\S)\*{1,3}/g, '$1')
    .replace(/(?<![\p{L}\p{N}_\\])_{1,3}(?=[^\s_])([^_\n]+)(?<=\S)_{1,3}(?![\p{L}\p{N}_])/gu, '$1')
    .replace(/\\([!-/:-@[-`{-~])/g, '$1')
    .replace(/&(amp|lt|gt|quot|apos|nbsp);/g, (entity, name: string) => ENTITIES[name] ?? entity);
}
