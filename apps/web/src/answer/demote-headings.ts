interface Node {
  type: string;
  tagName?: string;
  properties?: Record<string, unknown>;
  children?: Node[];
}

/** The page's own headings above those of the answer. */
const OWN = 2;

/** A plugin of rehype: the answer's highest headings stand right below those of the page, its others as far below. */
export function demoteHeadings() {
  return (tree: Node): void => {
    const headings: Node[] = [];
    const collect = (node: Node): void => {
      if (levelOf(node) !== undefined) headings.push(node);
      node.children?.forEach(collect);
    };
    collect(tree);
    const highest = Math.min(...headings.map((one) => levelOf(one) ?? 6));
    for (const one of headings) {
      one.tagName = `h${Math.min((levelOf(one) ?? 6) - highest + OWN + 1, 6)}`;
      one.properties = { ...one.properties, dir: 'auto' };
    }
  };
}

function levelOf({ tagName = '' }: Node): number | undefined {
  return /^h[1-6]$/.test(tagName) ? Number(tagName[1]) : undefined;
}
