/** `[1]`, and what models make of it: `[1, 3]`, `[2-4]`, `[^1]`, `[Source 1]`, `【1】`. */
const CITATION = /([ \t]?)(?:\[|【)\^?(?:sources?\s+)?(\d+(?:\s*[,;–-]\s*\^?\d+)*)(?:\]|】)/gi;
const LINK = /!?\[([^\][\n]*)\]\([^()\s]*(?:\s{1,4}["'][^"'\n]{0,200}["'])?\)/g;
/** `[1]: https://…`, which would make a link of every `[1]`. */
const DEFINITION = /^(\s*\[[^\]\n]+\]):/;
/** Not escaped by a backslash that is not escaped itself. */
const HTML = /(?<=(?<!\\)(?:\\\\)*)<(?=[a-z/!?])/gi;
const CODE_SPAN = /(?<!`)(`+)(?!`)[^\n]*?(?<!`)\1(?!`)/g;
const FENCE = /^\s*(`{3,}|~{3,})[ \t]*(\S*)/;
const MARKDOWN_FENCE = /^\s*```(?:markdown|md)\s*$/i;
const ANSWERED_LINE = /^[\s*_`>#-]*answered[\s*_`]*:[\s*_`]*(yes|no)[\s*_`.]*$/i;
/** Longest first line that is waited for. */
const FIRST_LINE = 200;
const LONGEST_RANGE = 50;
/** How deep links in links are taken apart; deeper ones are broken. */
const LINK_DEPTH = 8;
// Control characters, and those that turn the direction of the text around.
const UNSEEN = /[^\P{Cc}\n\t]|[\u202a-\u202e\u2066-\u2069]/gu;

/**
 * Makes an article of what a model writes, piece by piece; the pieces it hands out add up to `article`.
 *
 * Outside of code it takes out citations of sources that there are not, and turns links, images and HTML into their
 * text: a source could lead the reader elsewhere by them. The first line, `ANSWERED: yes` or `ANSWERED: no`, is no part
 * of the article; nor is a fence around all of it.
 */
export class ArticleText {
  article = '';
  #cited = false;
  #saysNo = false;
  /** What came and cannot be handed out yet. */
  #rest = '';
  /** White space that is part of the article once text follows. */
  #space = '';
  #atStart = true;
  #atLineStart = true;
  /** The marks that opened a block of code. */
  #fence: string | undefined;
  #wrapped = false;

  constructor(private readonly sourceIds: ReadonlySet<number>) {}

  /** The model says that the sources do not answer. */
  get saysNo(): boolean {
    return this.#saysNo;
  }

  /** The article cites a source that there is. */
  get cites(): boolean {
    return this.#cited;
  }

  /** Takes the model's next piece. Returns the article's next piece, or `''`. */
  push(text: string): string {
    this.#rest += text.replace(UNSEEN, '');
    let out = '';
    for (let end = this.#rest.indexOf('\n'); end >= 0; end = this.#rest.indexOf('\n')) {
      out += this.#line(this.#take(end + 1));
      this.#atLineStart = true;
    }
    return out + this.#line(this.#take(this.#safeEnd()));
  }

  /** The last piece. */
  end(): string {
    return this.#line(this.#take(this.#rest.length));
  }

  #take(length: number): string {
    const taken = this.#rest.slice(0, length);
    this.#rest = this.#rest.slice(length);
    return taken;
  }

  /** How much of an unfinished line can be handed out: whole words, with no link, citation or code left open. */
  #safeEnd(): number {
    const line = this.#rest;
    if (this.#fence !== undefined || (this.#atStart && line.length <= FIRST_LINE)) return 0;
    if (this.#atLineStart && /^\s*(?:[`~]|$)/.test(line)) return 0;
    let safe = 0;
    for (let at = 0; at < line.length;) {
      const end = endOfUnit(line, at);
      if (end === undefined) break;
      if (/\s/.test(line.charAt(at)) && !/\s/.test(line.charAt(at - 1))) safe = at;
      at = end;
    }
    return safe;
  }

  /** The article's part of a line, or of a piece of it. */
  #line(text: string): string {
    if (text === '') return '';
    if (this.#atLineStart && this.#isAside(text)) return '';
    const clean = this.#isCode(text) ? text : this.#prose(text);
    this.#atLineStart = false;
    return this.#append(clean);
  }

  #isAside(line: string): boolean {
    if (this.article === '' && MARKDOWN_FENCE.test(line)) {
      this.#wrapped = true;
      return true;
    }
    if (this.#atStart) {
      if (line.trim() === '') return true;
      this.#atStart = false;
      const says = ANSWERED_LINE.exec(line)?.[1];
      if (says === undefined) return false;
      this.#saysNo = says.toLowerCase() === 'no';
      return true;
    }
    if (this.#fence === undefined && this.#wrapped && /^\s*```\s*$/.test(line)) {
      this.#wrapped = false;
      return true;
    }
    return false;
  }

  #isCode(line: string): boolean {
    const opened = this.#fence;
    const [, marks, language] = (this.#atLineStart && FENCE.exec(line)) || [];
    if (opened === undefined) this.#fence = marks;
    else if (marks?.startsWith(opened) === true && language === '') this.#fence = undefined;
    return opened !== undefined || marks !== undefined;
  }

  #prose(text: string): string {
    let clean = '';
    let from = 0;
    for (const span of text.matchAll(CODE_SPAN)) {
      clean += this.#plain(text.slice(from, span.index), from) + span[0];
      from = span.index + span[0].length;
    }
    return clean + this.#plain(text.slice(from), from);
  }

  #plain(text: string, at: number): string {
    let plain = text;
    for (let depth = 0, before = ''; plain !== before && depth < LINK_DEPTH; depth++) {
      before = plain;
      plain = plain.replace(LINK, (_, words: string) =>
        /^\d+$/.test(words) ? `[${words}]` : words,
      );
      plain = plain.replace(CITATION, (_, space: string, numbers: string) =>
        this.#citations(space, numbers),
      );
    }
    if (at === 0 && this.#atLineStart) plain = plain.replace(DEFINITION, '$1 :');
    return plain.replaceAll('](', '] (').replace(HTML, '\\<');
  }

  #citations(space: string, numbers: string): string {
    const known = [...new Set(numbersOf(numbers))].filter((id) => this.sourceIds.has(id));
    if (known.length > 0) this.#cited = true;
    return known.length === 0 ? '' : space + known.map((id) => `[${id}]`).join('');
  }

  #append(text: string): string {
    const whole = this.article === '' ? text.trimStart() : this.#space + text;
    const out = whole.trimEnd();
    this.#space = whole.slice(out.length);
    this.article += out;
    return out;
  }
}

/** Where the code span, bracket with its target, or character at `at` ends; undefined if it does not. */
function endOfUnit(line: string, at: number): number | undefined {
  switch (line.charAt(at)) {
    case '\\':
      return at + 2;
    case '`': {
      const [marks = ''] = /^`+/.exec(line.slice(at)) ?? [];
      CODE_SPAN.lastIndex = at;
      const span = CODE_SPAN.exec(line);
      CODE_SPAN.lastIndex = 0;
      return span?.index === at ? at + Math.max(span[0].length, marks.length) : undefined;
    }
    case '[':
    case '【': {
      const end = endOfBracket(line, at, '[【', ']】');
      return end !== undefined && line.charAt(end) === '('
        ? endOfBracket(line, end, '(', ')')
        : end;
    }
    default:
      return at + 1;
  }
}

function endOfBracket(
  line: string,
  at: number,
  opening: string,
  closing: string,
): number | undefined {
  let depth = 0;
  for (let end = at; end < line.length; end++) {
    const character = line.charAt(end);
    if (opening.includes(character)) depth++;
    else if (closing.includes(character) && --depth === 0) return end + 1;
  }
  return undefined;
}

function numbersOf(text: string): number[] {
  return text.split(/[,;]/).flatMap((part) => {
    const [first = 0, last = first] = (part.match(/\d+/g) ?? []).map(Number);
    if (last < first || last - first > LONGEST_RANGE) return [first, last];
    return Array.from({ length: last - first + 1 }, (_, index) => first + index);
  });
}
