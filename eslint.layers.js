import boundaries from 'eslint-plugin-boundaries';

/** Which library may import which: docs/architecture.md explains it, this enforces it. */
export const libraries = {
  errors: [],
  contracts: [],
  spiffe: ['errors'],
  provenance: ['errors', 'contracts', 'spiffe'],
  identity: ['errors', 'spiffe'],
  authority: ['errors', 'spiffe', 'identity'],
  issuer: ['errors', 'spiffe', 'identity'],
  ...each(['guardrails', 'resilience', 'observability', 'storage'], ['errors', 'contracts']),
  ...each(
    ['secrets', 'egress', 'policy', 'delegation'],
    ['errors', 'contracts', 'spiffe', 'identity', 'resilience'],
  ),
  signing: ['errors', 'contracts', 'spiffe', 'identity', 'resilience', 'provenance'],
  ...each(['llm', 'search'], ['errors', 'contracts', 'resilience', 'secrets', 'egress']),
};
// Composes an agent out of everything but what only some agents need and the development stand-ins.
libraries.agent = Object.keys(libraries).filter(
  (name) => !['llm', 'search', 'authority', 'issuer'].includes(name),
);

/** Run in browsers too: no Node, no NestJS. */
const pureLibraries = ['spiffe', 'provenance'];
const web = ['contracts', 'errors', 'spiffe', 'provenance'];

/** These speak NestJS by their nature: the pipeline itself, and the DTOs with their Swagger decorators. */
const nestLibraries = ['agent', 'contracts'];

/** The only files that read the environment: the configuration, the Workload API's address, and a refusal of production. */
const environmentReaders = [
  'libs/agent/src/config/config.ts',
  'libs/identity/src/workload-api/endpoint-address.ts',
  'libs/secrets/src/file-secret-source.ts',
];

const tests = ['**/*.spec.ts', '**/*.e2e-spec.ts', 'test/**'];
const publicName = ['@mesh/*', '@mesh/*/nest'];

const lib = (...names) => ({ element: { type: 'lib', captured: { name: names } } });
const app = (...names) => ({ element: { type: 'app', captured: { name: names } } });

/** The rules of the layering, for an ESLint whose base is `root` (absolute): a test gives it a tree of planted violations. */
export function layering(root) {
  return [
    {
      files: ['{apps,examples,libs,test}/**/*.{ts,tsx}'],
      plugins: { boundaries },
      settings: {
        'import/resolver': { typescript: { project: `${root}/tsconfig.json` } },
        'boundaries/root-path': root,
        'boundaries/legacy-templates': false,
        // A misspelt or undeclared @mesh/… must not pass as a package from outside.
        'boundaries/flag-as-external': { unresolvableAlias: false, inNodeModules: true },
        'boundaries/dependency-nodes': ['import', 'dynamic-import', 'export', 'require'],
        'boundaries/elements': [
          { type: 'kit', pattern: 'test/kit', partialMatch: false },
          { type: 'test', pattern: 'test/*', capture: ['name'], partialMatch: false },
          { type: 'app', pattern: 'apps/*', capture: ['name'], partialMatch: false },
          { type: 'example', pattern: 'examples/*', capture: ['name'], partialMatch: false },
          { type: 'lib', pattern: 'libs/*', capture: ['name'], partialMatch: false },
        ],
        'boundaries/files': [{ category: 'spec', pattern: ['**/*.spec.ts', '**/*.e2e-spec.ts'] }],
      },
      rules: {
        'boundaries/no-unknown-files': 'error',
        'boundaries/dependencies': [
          'error',
          {
            default: 'disallow',
            checkUnknownLocals: true,
            policies: [
              ...Object.entries(libraries)
                .filter(([, allowed]) => allowed.length > 0)
                .map(([name, allowed]) => ({ from: lib(name), allow: toLib(...allowed) })),
              { from: app('!web'), allow: toLib('*') },
              { from: { element: { type: 'example' } }, allow: toLib('*') },
              { from: app('web'), allow: toLib(...web) },
              { from: app('mesh'), allow: { to: { element: { type: 'app' } } } },
              {
                from: [{ element: { type: 'kit' } }, { element: { type: 'test' } }],
                allow: [{ to: { element: { type: ['app', 'example', 'lib', 'kit', 'test'] } } }],
              },
              {
                from: { element: { type: 'test' } },
                allow: { dependency: { source: '../../eslint.layers.js' } },
              },
              {
                from: { file: { categories: 'spec' } },
                allow: {
                  to: { element: { type: 'kit' } },
                  dependency: { source: ['@test/kit', '@test/kit/agents'] },
                },
              },
            ],
          },
        ],
        'no-restricted-imports': restrictedImports(),
        'no-restricted-syntax': [
          'error',
          { selector: 'ExportAllDeclaration', message: 'Name what is exported.' },
        ],
        'no-restricted-properties': [
          'error',
          { object: 'process', property: 'env', message: 'Only the configuration reads it.' },
        ],
      },
    },
    {
      files: ['libs/*/src/**/*.ts'],
      ignores: [
        'libs/*/src/nest/**',
        ...nestLibraries.map((name) => `libs/${name}/**`),
        '**/*.spec.ts',
      ],
      rules: { 'no-restricted-imports': restrictedImports(nest) },
    },
    {
      files: pureLibraries.map((name) => `libs/${name}/src/**/*.ts`),
      ignores: ['**/*.spec.ts'],
      rules: {
        'no-restricted-imports': restrictedImports(nest, node),
        'no-restricted-globals': [
          'error',
          ...['Buffer', 'process', 'global', 'setImmediate', '__dirname'].map((name) => ({
            name,
            message: 'This library runs in browsers.',
          })),
        ],
      },
    },
    {
      files: [...environmentReaders, ...tests],
      rules: { 'no-restricted-properties': 'off' },
    },
  ];
}

const nest = {
  regex: '^(@nestjs/|nestjs-)',
  message: 'The core of a library is plain TypeScript: NestJS lives in its src/nest.',
};
const node = { regex: '^node:', message: 'This library runs in browsers.' };

function restrictedImports(...patterns) {
  return [
    'error',
    {
      paths: [
        { name: 'node:process', importNames: ['env'], message: 'Only the configuration reads it.' },
      ],
      patterns: [
        {
          regex: '^@mesh/[^/]+/(?!nest$)',
          message: 'Import a library by its public name: @mesh/x or @mesh/x/nest.',
        },
        ...patterns,
      ],
    },
  ];
}

function toLib(...names) {
  return { to: lib(...names), dependency: { source: publicName } };
}

function each(names, allowed) {
  return Object.fromEntries(names.map((name) => [name, allowed]));
}
