import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from '@jest/globals';
import { mintCa } from '@test/kit';
import { serializeTrustDocument } from '@mesh/provenance';
import {
  answerOf,
  GATEWAY,
  RESEARCHER,
  signerOf,
  trustOf,
  WRITER,
} from '../../libs/provenance/test/answers.js';
import { describeInBrowser } from './describe-in-browser.js';
import { MeshInBrowser } from './mesh-in-browser.js';
import type { Visit } from './visit.js';

const QUESTION = 'How does a workload get its SVID?';
/** In each file, so that a request which carries it is found. */
const MARKER = 'only-in-the-file';

const files = { old: '' };

/** A mesh on a state folder where an earlier one, with another CA, has answered. */
async function meshWithPast(): Promise<MeshInBrowser> {
  return MeshInBrowser.start({}, async (sandbox) => {
    const { stdout, stderr, code } = await sandbox.run(['ask', QUESTION, '--json']);
    if (code !== 0) throw new Error(stderr);
    files.old = stdout;
  });
}

describeInBrowser(
  '/verify, for anyone',
  (mesh) => {
    let good: string;
    const write = (name: string, content: string): string => {
      const path = join(mesh().sandbox.folder, name);
      writeFileSync(path, content);
      return path;
    };

    beforeAll(async () => {
      const { code, stdout, stderr } = await mesh().sandbox.run(['ask', QUESTION, '--json']);
      expect({ code, stderr }).toMatchObject({ code: 0 });
      good = stdout;
    });

    async function visitVerify(): Promise<Visit> {
      const visit = await mesh().visit();
      await visit.open('/verify');
      return visit;
    }

    /** Nothing of an account is needed, and nothing of the file leaves the browser. */
    function expectKeptHere(visit: Visit): void {
      const paths = new Set(visit.paths());
      for (const path of ['/v1/me', '/v1/research']) expect(paths).not.toContain(path);
      for (const request of visit.requests) {
        expect([request.method(), request.postData()]).toEqual(['GET', null]);
      }
    }

    async function expectRefused(visit: Visit, code: RegExp): Promise<string> {
      const alert = visit.alert;
      await alert.waitFor();
      const text = await alert.innerText();
      expect(text).toMatch(code);
      expect(await visit.verdict.count()).toBe(0);
      expectKeptHere(visit);
      return text;
    }

    it('proves a good file', async () => {
      const visit = await visitVerify();
      await visit.drop(write('good.json', good));
      await visit.verdict.waitFor();
      expect(await visit.verdict.innerText()).toMatch(/writer.*researcher.*verified/is);
      await visit.page.getByText(JSON.parse(good).answer.slice(0, 30)).first().waitFor();
      expectKeptHere(visit);
    });

    it('proves one of an earlier run by the archive, and says that its time is the signer’s word', async () => {
      const visit = await visitVerify();
      await visit.drop(write('old.json', files.old));
      await visit.verdict.waitFor();
      expect(await visit.page.locator('main').innerText()).toMatch(/claimed by the signer/i);
      expectKeptHere(visit);
    });

    it('refuses a forged one', async () => {
      const forged = { ...JSON.parse(good), answer: MARKER };
      const visit = await visitVerify();
      await visit.drop(write('forged.json', JSON.stringify(forged)));
      await expectRefused(visit, /ERR_ANSWER_CONTENT/);
      expect(await visit.page.content()).not.toContain(MARKER);
    });

    it('refuses one of another mesh, and proves it by a trust document that is brought along', async () => {
      const ca = await mintCa({ trustDomain: 'mesh.test' });
      const signer = async (id: typeof GATEWAY) => signerOf(await ca.issue({ uri: id.toString() }));
      const body = await answerOf({
        gateway: await signer(GATEWAY),
        researcher: await signer(RESEARCHER),
        writer: await signer(WRITER),
      });
      const answer = write('other.json', JSON.stringify(body));
      const visit = await visitVerify();
      await visit.drop(answer);
      await expectRefused(visit, /ERR_ANSWER_(TRUST_DOMAIN|ROOT)/);
      await visit.bringTrust(
        write('trust.json', serializeTrustDocument(trustOf(ca.certificateDer))),
      );
      await visit.drop(answer);
      await visit.verdict.waitFor();
    });

    it.each<[string, () => string, RegExp]>([
      ['no JSON', () => `${MARKER}: not JSON`, /ERR_ANSWER_JSON_SYNTAX/],
      ['nothing', () => '', /ERR_ANSWER_JSON_SYNTAX/],
      ['JSON, and no answer', () => '[]', /ERR_ANSWER_/],
      [
        'unsigned',
        () => JSON.stringify({ ...JSON.parse(good), statements: [] }),
        /ERR_ANSWER_UNSIGNED/,
      ],
      [
        'nested 100,000 deep',
        () => `${'['.repeat(100_000)}${']'.repeat(100_000)}`,
        /ERR_ANSWER_JSON_DEPTH/,
      ],
      [
        'nested in its members',
        () => `{"answer":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}}`,
        /ERR_ANSWER_JSON_DEPTH/,
      ],
      [
        'a member twice',
        () => good.replace('{', '{"answer":"x",'),
        /ERR_ANSWER_JSON_DUPLICATE_MEMBER/,
      ],
    ])('says what is wrong with a file that is %s', async (name, content, code) => {
      const visit = await visitVerify();
      await visit.drop(write('bad.json', content()));
      await expectRefused(visit, code);
    });

    it('does not read a file of 50 MB', async () => {
      const visit = await visitVerify();
      const path = write('huge.json', '{');
      truncateSync(path, 50_000_000);
      await visit.drop(path);
      await expectRefused(visit, /MB|ERR_ANSWER_JSON_SIZE/);
      // The page is still there for the next.
      await visit.drop(write('good.json', good));
      await visit.verdict.waitFor();
    });

    it('takes a name and words that are scripts as what they are', async () => {
      const visit = await visitVerify();
      visit.page.on('dialog', () => visit.problems.push('a dialog'));
      await visit.drop(write('<img src=x onerror=alert(1)>.json', '<script>alert(1)</script>'));
      await expectRefused(visit, /ERR_ANSWER_JSON_SYNTAX/);
      expect(await visit.page.locator('img, script:not([src])').count()).toBe(0);
    });
  },
  meshWithPast,
);
