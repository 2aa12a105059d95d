import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MeshError } from '@mesh/errors';

/** As Vite leaves it for whoever serves the page (`html.cspNonce`). */
const NONCE = '{{nonce}}';

/** The web interface is not where it should be. */
export class WebMissingError extends MeshError {
  readonly code = 'ERR_WEB_MISSING';
}

/** The built page of the web interface, from the folder that `MESH_WEB` names. */
export class WebPages {
  constructor(private readonly folder: string) {}

  /**
   * The page, with the nonce of one response. Read each time: after another build it names other scripts.
   * @throws WebMissingError
   */
  async index(nonce: string): Promise<string> {
    try {
      const page = await readFile(join(this.folder, 'index.html'), 'utf8');
      return page.replaceAll(NONCE, () => nonce);
    } catch (cause) {
      throw new WebMissingError('The web interface is not built.', { cause });
    }
  }
}
