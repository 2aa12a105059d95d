import { describe } from '@jest/globals';
import { installedKeycloak, NoKeycloak } from './installed-keycloak.js';

/** A line for who waits: Jest would hold it back until the file is done. */
export function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Tests that are skipped, which a line says, where Keycloak cannot be had; with MESH_TEST_KEYCLOAK=required that fails.
 *
 * @param define Gets the folder of a built Keycloak.
 */
export async function describeWithKeycloak(
  title: string,
  define: (home: string) => void,
): Promise<void> {
  try {
    const home = await installedKeycloak(say);
    describe(title, () => define(home));
  } catch (error) {
    if (!(error instanceof NoKeycloak) || process.env['MESH_TEST_KEYCLOAK'] === 'required') {
      throw error;
    }
    say(`SKIPPED: no Keycloak here, as ${error.message}. It needs Maven and Java 17 or newer.`);
    describe.skip(`${title} (${error.message})`, () => define(''));
  }
}
