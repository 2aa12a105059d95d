import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import { findChromium } from './chromium.js';
import { MeshInBrowser } from './mesh-in-browser.js';

/**
 * Tests with one mesh and one browser. After each the visits end, and their browsers must have complained about nothing.
 * Where there is no Chromium the tests are skipped, which their title says.
 */
export function describeInBrowser(
  title: string,
  define: (mesh: () => MeshInBrowser) => void,
  start: () => Promise<MeshInBrowser> = () => MeshInBrowser.start(),
): void {
  if (findChromium() === undefined) {
    describe.skip(`${title} (no Chromium: apt-get install chromium, or name it in CHROMIUM)`, () =>
      define(() => {
        throw new Error('skipped');
      }));
    return;
  }
  describe(title, () => {
    let mesh: MeshInBrowser;
    beforeAll(async () => {
      mesh = await start();
    });
    afterAll(() => mesh?.close());
    afterEach(async () => {
      const { MESH_PICTURES: folder } = process.env;
      const problems = await mesh.endVisits(folder && join(folder, fileName()));
      mesh.proxy.reset();
      expect(problems).toEqual([]);
    });
    define(() => mesh);
  });
}

/** Of the pictures of this test. */
function fileName(): string {
  return expect
    .getState()
    .currentTestName!.replaceAll(/[^\w ]/g, '')
    .slice(0, 200);
}
