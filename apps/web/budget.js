import { gzipSync } from 'node:zlib';

/** Fails the build if all script but the workers' takes more than `limit` bytes, gzipped. */
export function budget(limit) {
  return {
    name: 'budget',
    generateBundle(_options, bundle) {
      const sizes = Object.values(bundle)
        .filter(({ type }) => type === 'chunk')
        .map(({ fileName, code }) => ({ fileName, bytes: gzipSync(code).length }));
      const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);
      const text = `script: ${total} of ${limit} bytes, gzipped`;
      if (total <= limit) return this.info(text);
      const list = sizes.map(({ fileName, bytes }) => `  ${bytes} ${fileName}`).join('\n');
      this.error(`${text}\n${list}`);
    },
  };
}
