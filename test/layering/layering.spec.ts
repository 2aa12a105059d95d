import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { layering, libraries } from '../../eslint.layers.js';

const fixture = join(import.meta.dirname, 'fixture');

/** The table of docs/architecture.md, written out again: a slip in the rules must not slip in here too. */
const table: Record<string, string[]> = {
  errors: [],
  contracts: [],
  spiffe: ['errors'],
  provenance: ['errors', 'contracts', 'spiffe'],
  identity: ['errors', 'spiffe'],
  authority: ['errors', 'spiffe', 'identity'],
  issuer: ['errors', 'spiffe', 'identity'],
  guardrails: ['errors', 'contracts'],
  resilience: ['errors', 'contracts'],
  observability: ['errors', 'contracts'],
  storage: ['errors', 'contracts'],
  secrets: ['errors', 'contracts', 'spiffe', 'identity', 'resilience'],
  egress: ['errors', 'contracts', 'spiffe', 'identity', 'resilience'],
  policy: ['errors', 'contracts', 'spiffe', 'identity', 'resilience'],
  delegation: ['errors', 'contracts', 'spiffe', 'identity', 'resilience'],
  signing: ['errors', 'contracts', 'spiffe', 'identity', 'resilience', 'provenance'],
  llm: ['errors', 'contracts', 'resilience', 'secrets', 'egress'],
  search: ['errors', 'contracts', 'resilience', 'secrets', 'egress'],
  agent: [
    ...['errors', 'contracts', 'spiffe', 'provenance', 'identity', 'guardrails', 'resilience'],
    ...['observability', 'storage', 'secrets', 'egress', 'policy', 'delegation', 'signing'],
  ],
};

let eslint: ESLint;

beforeAll(() => {
  eslint = new ESLint({
    cwd: fixture,
    overrideConfigFile: true,
    baseConfig: [
      { files: ['**/*.{ts,tsx}'], languageOptions: { parser: tseslint.parser } },
      ...layering(fixture),
    ],
  });
});

describe('the layering', () => {
  it.each(planted())('reports what is planted in %s, and nothing else', async (file) => {
    const text = readFileSync(join(fixture, file), 'utf8');
    expect(await reported(text, file)).toEqual(expected(text));
  });

  it.each(Object.keys(table))(
    'lets %s import what the table says, and nothing else',
    async (lib) => {
      const others = Object.keys(table).filter((name) => name !== lib);
      const text = others.map((name) => `import { ${name} } from '@mesh/${name}';`).join('\n');
      const refused = await reported(text, `libs/${lib}/src/matrix.ts`);
      expect(refused.map(({ line }) => others[line - 1])).toEqual(
        others.filter((name) => !table[lib]?.includes(name)),
      );
    },
  );

  it('knows every library of the tree', () => {
    const there = readdirSync(join(import.meta.dirname, '../../libs'));
    expect(Object.keys(libraries)).toEqual(expect.arrayContaining(there));
  });
});

interface Finding {
  line: number;
  rule: string;
}

async function reported(text: string, file: string): Promise<Finding[]> {
  const [result] = await eslint.lintText(text, { filePath: join(fixture, file) });
  return sorted(
    (result?.messages ?? []).map(({ line, ruleId, message }) => ({
      line,
      rule: ruleId ?? message,
    })),
  );
}

/** A planted violation carries `// expect: rule, rule` on its line. */
function expected(text: string): Finding[] {
  return sorted(
    text.split('\n').flatMap((content, index) => {
      const rules = /\/\/ expect: (.+)$/.exec(content)?.[1]?.split(', ') ?? [];
      return rules.map((rule) => ({ line: index + 1, rule }));
    }),
  );
}

function sorted(findings: Finding[]): Finding[] {
  return findings.sort((a, b) => a.line - b.line || a.rule.localeCompare(b.rule));
}

function planted(): string[] {
  return readdirSync(fixture, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.tsx?$/.test(file),
  );
}
