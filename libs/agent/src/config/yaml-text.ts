import { isMap, isScalar, LineCounter, parseDocument, visit, type Document } from 'yaml';

/** Where something stands in a text, both from 1. */
export interface TextPosition {
  readonly line: number;
  readonly column: number;
}

/** What is wrong with a text that should be YAML, and where. */
export class YamlTextError extends Error {
  constructor(
    message: string,
    readonly position: TextPosition,
  ) {
    super(message);
  }
}

/**
 * YAML 1.2 as configuration needs it: one document; no anchors and aliases (they can grow without bound), no tags,
 * no key twice, all keys texts.
 */
export class YamlText {
  private constructor(
    /** The value: scalars, arrays and plain objects. */
    readonly value: unknown,
    private readonly document: Document.Parsed,
    private readonly lines: LineCounter,
  ) {}

  /** @throws YamlTextError */
  static parse(text: string): YamlText {
    const lines = new LineCounter();
    const document = documentOf(text, lines);
    const refuse = (message: string, offset: number | undefined): never => {
      throw new YamlTextError(message, positionOf(lines, offset ?? 0));
    };
    const problem = document.errors[0] ?? document.warnings[0];
    if (problem !== undefined) refuse(wordsOf(problem.message), problem.pos[0]);
    visit(document, {
      Alias: (_, node) => refuse('an alias (*) is not allowed', node.range?.[0]),
      Value: (_, node) => {
        if (node.anchor !== undefined) refuse('an anchor (&) is not allowed', node.range?.[0]);
        if (node.tag !== undefined) refuse('a tag (!) is not allowed', node.range?.[0]);
      },
    });
    return new YamlText(document.toJS({ maxAliasCount: 0 }), document, lines);
  }

  /** Where the value at `path` stands, or its key; where there is none, the innermost that is there. */
  positionAt(path: readonly string[], of: 'key' | 'value' = 'value'): TextPosition {
    let offset = 0;
    let node: unknown = this.document.contents;
    for (const [index, name] of path.entries()) {
      if (isMap(node)) {
        const pair = node.items.find(
          (item) => isScalar(item.key) && String(item.key.value) === name,
        );
        if (pair === undefined) break;
        const last = index === path.length - 1;
        offset = startOf(last && of === 'key' ? pair.key : (pair.value ?? pair.key)) ?? offset;
        node = pair.value;
      } else {
        node = this.document.getIn(path.slice(0, index + 1), true);
        offset = startOf(node) ?? offset;
      }
    }
    return positionOf(this.lines, offset);
  }
}

function documentOf(text: string, lineCounter: LineCounter): Document.Parsed {
  try {
    return parseDocument(text, {
      lineCounter,
      prettyErrors: false,
      stringKeys: true,
      version: '1.2',
    });
  } catch {
    // The parser descends by recursion: brackets by the thousand end its stack.
    throw new YamlTextError('it is nested too deeply', { line: 1, column: 1 });
  }
}

function startOf(node: unknown): number | undefined {
  const { range } = (node ?? {}) as { range?: readonly number[] | null };
  return range?.[0];
}

function positionOf(lines: LineCounter, offset: number): TextPosition {
  const { line, col } = lines.linePos(offset);
  return { line: Math.max(line, 1), column: Math.max(col, 1) };
}

function wordsOf(message: string): string {
  const line = message.split('\n')[0] ?? message;
  return line.charAt(0).toLowerCase() + line.slice(1);
}
