import type { Receipt } from '@mesh/provenance';
import { segmentsOf } from './segments.js';
import { visibleText } from './visible-text.js';

/** As much of a hast node as is touched here. */
interface Node {
  type: string;
  value?: string;
  tagName?: string;
  properties?: Record<string, unknown>;
  children?: Node[];
  position?: { start: { offset?: number }; end: { offset?: number } };
}

/**
 * A plugin of rehype: wraps what belongs to a sentence of the receipt into `mark`, makes `cite` of each citation, and
 * puts a `meter` behind each sentence for its sign. Markdown makes none of these by itself. All carry their numbers as
 * `data-…`.
 */
export function markSentences(markdown: string, { sentences }: Pick<Receipt, 'sentences'>) {
  return () => (tree: Node) => {
    const parts = new Map<number, { first: Node; last: Node; parent: Node }>();
    walk(tree, (text, parent) => {
      const { start, end } = text.position ?? {};
      if (start?.offset === undefined || end?.offset === undefined) return [text];
      const place = [start.offset, end.offset] as const;
      const literal = parent.tagName === 'code';
      const value = visibleText(text.value ?? '');
      return segmentsOf(value, markdown, place, sentences, literal).map((one) => {
        const node = nodeOf(one.text, one.citation);
        if (one.sentence === undefined) return node;
        const wrapped = element('mark', { dataSentence: one.sentence }, [node]);
        const first = parts.get(one.sentence)?.first ?? wrapped;
        parts.set(one.sentence, { first, last: wrapped, parent });
        return wrapped;
      });
    });
    for (const [sentence, { first, last, parent }] of parts) {
      first.properties = { ...first.properties, dataFirst: true };
      const place = parent.children?.indexOf(last) ?? -1;
      parent.children?.splice(place + 1, 0, element('meter', { dataSentence: sentence }, []));
    }
  };
}

function nodeOf(text: string, citation: number | undefined): Node {
  return citation === undefined
    ? { type: 'text', value: text }
    : element('cite', { dataSource: citation }, [{ type: 'text', value: text }]);
}

function element(tagName: string, properties: Record<string, unknown>, children: Node[]): Node {
  return { type: 'element', tagName, properties, children };
}

function walk(parent: Node, replace: (text: Node, parent: Node) => Node[]): void {
  // Blocks of code are shown as they are.
  if (parent.tagName === 'pre') return;
  parent.children = (parent.children ?? []).flatMap((child) => {
    if (child.type === 'text') return replace(child, parent);
    walk(child, replace);
    return [child];
  });
}
