import { describe, expect, it } from '@jest/globals';
import { rolesOf, verdictLine } from './verdict.js';
import type { VerifiedView } from './view.js';

const NOW = new Date(2026, 10, 25, 14, 30);
const AT = new Date(2026, 10, 25, 14, 2).getTime() / 1000;

function view(
  names: readonly string[],
  edges: readonly (readonly [number, number])[],
  { iat = AT, verdict = 'valid' } = {},
): VerifiedView {
  return {
    verdict,
    edges: edges.map(([outer, inner]) => ({ outer, inner })),
    nodes: names.map((name) => ({
      statement: { iss: `spiffe://mesh.test/${name}`, sub: 'pseudonym-of-a-person', iat },
    })),
  } as unknown as VerifiedView;
}

const chain = [
  [0, 1],
  [1, 2],
] as const;

describe('verdictLine', () => {
  it('says who wrote it, from whose research, for whom and when', () => {
    const answer = view(['ns/a/sa/gateway', 'ns/a/sa/researcher', 'ns/a/sa/writer'], chain);
    expect(verdictLine(answer, 'analyst', NOW)).toBe(
      'Written by writer, from research by researcher, for analyst, 14:02, verified in this browser',
    );
    expect(verdictLine(answer, undefined, NOW)).toContain('for person pseudonym-…,');
  });

  it('says whose word the time is, and the day where it is another', () => {
    const old = view(['gateway', 'researcher', 'writer'], chain, {
      iat: AT - 86_400,
      verdict: 'valid at its iat, time claimed by the signer',
    });
    expect(verdictLine(old, undefined, NOW)).toMatch(
      /, November 24, 2026 14:02, verified in this browser, time claimed by the signer$/,
    );
  });

  it('names all of several, and none where there is none', () => {
    const several = view(['gateway', 'editor', 'writer', 'painter'], [...chain, [1, 3]]);
    expect(verdictLine(several, 'a', NOW)).toMatch(
      /^Written by writer and painter, passed on by editor, for a,/,
    );
    expect(verdictLine(view(['gateway'], []), 'a', NOW)).toMatch(/^Written by gateway, for a,/);
  });
});

describe('rolesOf', () => {
  it('tells apart who wrote, and who passed on', () => {
    expect(rolesOf(view(['g', 'r', 'w', 'w2'], [...chain, [0, 3]]))).toEqual({
      writers: [2, 3],
      between: [1],
    });
  });
});
