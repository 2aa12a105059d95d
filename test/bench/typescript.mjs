// Lets Node run this project's TypeScript from source, compiled by the same swc as the tests' (decorators and their
// metadata too), so that a benchmark measures the tree as it is: node --import ./test/bench/typescript.mjs FILE.ts
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { transformFileSync } from '@swc/core';

const root = new URL('../../', import.meta.url);
const { paths } = JSON.parse(readFileSync(new URL('tsconfig.json', root), 'utf8')).compilerOptions;

registerHooks({
  resolve(specifier, context, next) {
    const source = paths[specifier]?.[0];
    if (source) return next(new URL(source, root).href, context);
    if (/^\.{1,2}\/.*\.js$/.test(specifier) && context.parentURL?.endsWith('.ts')) {
      const typescript = new URL(specifier.replace(/\.js$/, '.ts'), context.parentURL);
      if (existsSync(typescript)) return next(typescript.href, context);
    }
    // The app that all in one imports by its URL.
    if (specifier.startsWith(new URL('apps/', root).href) && specifier.endsWith('/src/agent.js')) {
      return next(specifier.replace(/\.js$/, '.ts'), context);
    }
    return next(specifier, context);
  },
  load(url, context, next) {
    if (!url.startsWith(root.href) || !url.endsWith('.ts')) return next(url, context);
    const { code } = transformFileSync(fileURLToPath(url), { sourceMaps: 'inline' });
    return { format: 'module', source: code, shortCircuit: true };
  },
});
