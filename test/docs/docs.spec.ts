import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { errorAreas, problemOf, MeshError } from '@mesh/errors';
import { slug } from 'github-slugger';

const root = join(import.meta.dirname, '../..');
const pages = [
  ...readdirSync(root).filter((file) => file.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.md'))
    .map((file) => join('docs', file)),
];

describe('the documentation', () => {
  it('says what the code says (npm run docs)', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/docs.mjs', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it("has an anchor for the `type` of every code's problem", () => {
    const anchors = anchorsOf('docs/errors.md');
    class AnyError extends MeshError {
      constructor(readonly code: MeshError['code']) {
        super('');
      }
    }
    for (const code of Object.values(errorAreas).flatMap((area) => Object.keys(area))) {
      const { type } = problemOf(new AnyError(code as MeshError['code']), 'correlation');
      expect(anchors).toContain(type.split('#')[1]);
    }
  });

  it.each(pages)('%s has no link into the void', (page) => {
    const text = readFileSync(join(root, page), 'utf8').replaceAll(/```[^]*?```/g, '');
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [path = '', anchor] = link.split('#');
      const file = path === '' ? join(root, page) : resolve(root, dirname(page), path);
      expect({ link, exists: existsSync(file) }).toEqual({ link, exists: true });
      if (anchor !== undefined) expect(anchorsOf(file)).toContain(anchor);
    }
  });
});

function anchorsOf(page: string): string[] {
  const text = readFileSync(resolve(root, page), 'utf8');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => slug(heading));
}
