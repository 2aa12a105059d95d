// Makes the pictures of the README: a mesh as `npm start` makes it, and Chromium in both colour schemes.
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { MeshInBrowser } from '../test/browser/mesh-in-browser.ts';

const folder = join(import.meta.dirname, '../docs/images');
const QUESTION = 'How does a workload get its SVID?';
/** What a picture may take, in bytes. */
const MAX_BYTES = 200_000;

const mesh = await MeshInBrowser.start({ MESH_SVID_TTL: '120' });
try {
  mkdirSync(folder, { recursive: true });
  const answer = join(mesh.sandbox.folder, 'answer.json');
  writeFileSync(answer, (await mesh.sandbox.run(['ask', QUESTION, '--json'])).stdout);
  for (const scheme of ['light', 'dark']) await pictures(scheme, answer);
} finally {
  await mesh.endVisits();
  await mesh.close();
}

async function pictures(colorScheme, answer) {
  const visit = await mesh.visit({
    colorScheme,
    reducedMotion: 'reduce',
    viewport: { width: 1280, height: 800 },
  });
  const { page } = visit;
  const picture = async (name) => {
    const path = join(folder, `${name}-${colorScheme}.png`);
    await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
    const { size } = statSync(path);
    if (size > MAX_BYTES) throw new Error(`${path} is too large: ${size} bytes`);
    console.log(path, size);
  };

  await visit.open('/');
  await page.getByRole('link', { name: 'Sign in' }).waitFor();
  await picture('sign-in');
  await visit.signIn('admin');

  // Held before its end, so that there is something to see in the making.
  const held = Promise.withResolvers();
  mesh.proxy.change = ({ type, data }) => (type === 'done' ? held.promise.then(() => data) : data);
  await visit.ask(QUESTION);
  await page.getByText('Being written, not verified').waitFor();
  await picture('ask');
  held.resolve();

  await page
    .getByRole('link', { name: /^Source 1:/ })
    .first()
    .waitFor();
  mesh.proxy.reset();
  await visit.proofNode('writer').click();
  await picture('answer');

  await page.getByRole('link', { name: 'Agents' }).click();
  await page.getByText('spiffe://mesh.local/ns/agents/sa/writer').first().waitFor();
  await picture('agents');

  await visit.open('/verify');
  await visit.drop(answer);
  await page
    .getByRole('link', { name: /^Source 1:/ })
    .first()
    .waitFor();
  await picture('verify');
}
