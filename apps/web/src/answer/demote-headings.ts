interface Node {
  type: string;
  tagName?: string;
  properties?: Record<string, unknown>;
  children?: Node[];
}

/** The page's own headings above those of the answer. */
const OWN = 2;

/** A plugin of rehype: the answer's headings stand below those of the page, level by level, with none left out. */
export function demoteHeadings() {
  return (tree: Node): void => {
    const headings: Node[] = [];
    const collect = (node: Node): void => {
      if (levelOf(node) !== undefined) headings.push(node);
      node.children?.forEach(collect);
    };
    collect(tree);
    const levels = [...new Set(headings.map(levelOf))].sort();
    for (const one of headings) {
      one.tagName = `h${Math.min(levels.indexOf(levelOf(one)) + OWN + 1, 6)}`;
      one.properties = { ...one.properties, dir: 'auto' };
    }
  };
}

function levelOf({ tagName = '' }: Node): number | undefined {
  return /^h[1-6]$/.test(tagName) ? Number(tagName[1]) : undefined;
}
