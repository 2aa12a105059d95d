import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect } from '@jest/globals';
import { findChromium } from './chromium.js';
import { MeshInBrowser } from './mesh-in-browser.js';

/** Tests that need Chromium. Where there is none they are skipped, and say why. */
export function describeWithChromium(title: string, define: () => void): void {
  if (findChromium() !== undefined) {
    describe(title, define);
    return;
  }
  const why = 'no Chromium (apt-get install chromium, or name it in CHROMIUM)';
  process.stderr.write(`Skipped: ${title}: ${why}\n`);
  describe.skip(title, define);
}

/**
 * Tests with one mesh and one browser. After each the visits end, and their browsers must have complained about nothing.
 */
export function describeInBrowser(
  title: string,
  define: (mesh: () => MeshInBrowser) => void,
  start: () => Promise<MeshInBrowser> = () => MeshInBrowser.start(),
): void {
  describeWithChromium(title, () => {
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
