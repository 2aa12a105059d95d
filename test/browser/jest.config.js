import base from '../../jest.config.js';

/** @type {import('jest').Config} */
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/browser'],
  testMatch: ['**/*.browser-spec.ts'],
  // A page and two or three listeners behind it; every step has a shorter limit of its own.
  testTimeout: 60_000,
};
