/** @type {import('jest').Config} */
export default {
  testEnvironment: 'node',
  roots: ['apps', 'examples', 'libs', 'test', 'tools'].map((folder) => `<rootDir>/${folder}`),
  testMatch: ['**/*.spec.ts', '**/*.e2e-spec.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/layering/fixture/'],
  moduleFileExtensions: ['js', 'mjs', 'ts', 'json'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '@swc/jest' },
  moduleNameMapper: {
    '^@test/kit$': '<rootDir>/test/kit/index.ts',
    '^@test/kit/agents$': '<rootDir>/test/kit/running-agents.ts',
    '^@mesh/([^/]+)$': '<rootDir>/libs/$1/src/index.ts',
    '^@mesh/([^/]+)/nest$': '<rootDir>/libs/$1/src/nest/index.ts',
    '^(\\.{1,2}/.*)\\.js$': '$1',
  },
  // A test that waits for an event fails by this limit; a busy machine must not make it fail.
  testTimeout: 30_000,
  coverageProvider: 'v8',
};
