import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { budget } from './budget.js';

const lib = (name) => fileURLToPath(new URL(`../../libs/${name}/src/index.ts`, import.meta.url));

export default defineConfig({
  root: import.meta.dirname,
  // The gateway puts a fresh nonce in its place in each response.
  html: { cspNonce: '{{nonce}}' },
  resolve: {
    alias: ['errors', 'provenance', 'spiffe'].map((name) => ({
      find: `@mesh/${name}`,
      replacement: lib(name),
    })),
  },
  build: {
    target: 'es2024',
    // As `data:` a picture would need room in the policy that scripts must not have.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      // A slow machine is no fault of ours.
      checks: { pluginTimings: false },
      // Every file of Mantine says 'use client', which only servers read.
      // Of the page itself: what a certificate is, only the worker has to know.
      treeshake: {
        moduleSideEffects: [{ test: /\/libs\/(provenance|spiffe)\//, sideEffects: false }],
      },
      onLog: (level, log, handle) =>
        log.code === 'MODULE_LEVEL_DIRECTIVE' ? undefined : handle(level, log),
    },
  },
  worker: {
    format: 'es',
    // Its build for browsers asks the document what `&amp;` is, and a worker has none.
    plugins: () => [
      {
        name: 'without-document',
        enforce: 'pre',
        resolveId: (source) =>
          source === 'decode-named-character-reference'
            ? fileURLToPath(import.meta.resolve(source))
            : undefined,
      },
    ],
  },
  plugins: [budget(250_000)],
});
