import base from '../../jest.config.js';

/** @type {import('jest').Config} */
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/keycloak'],
  testMatch: ['**/*.keycloak-spec.ts'],
  // Keycloak starts in 15 to 90 s, and unpacks and builds itself the first time.
  testTimeout: 300_000,
};
