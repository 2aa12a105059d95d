import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WebPages } from './web-pages.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-web-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const build = (page: string) => writeFileSync(join(folder, 'index.html'), page);

describe('the page of the web interface', () => {
  it("has the response's nonce wherever one belongs", async () => {
    build('<meta nonce="{{nonce}}"><script nonce="{{nonce}}" src="/assets/a.js"></script>');
    expect(await new WebPages(folder).index('$&')).toBe(
      '<meta nonce="$&"><script nonce="$&" src="/assets/a.js"></script>',
    );
  });

  it('is the one of the last build', async () => {
    const pages = new WebPages(folder);
    await expect(pages.index('n')).rejects.toMatchObject({ code: 'ERR_WEB_MISSING' });
    build('first');
    expect(await pages.index('n')).toBe('first');
    build('second');
    expect(await pages.index('n')).toBe('second');
  });
});
