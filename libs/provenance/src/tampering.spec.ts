import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mintCa } from '@test/kit';
import type { SpiffeId } from '@mesh/spiffe';
import {
  type AnswerBody,
  answerOf,
  GATEWAY,
  NOW,
  RESEARCHER,
  signerOf,
  trustOf,
  WRITER,
} from '../test/answers.js';
import { pathsOf, valueAt, withValue } from '../test/changes.js';
import { AnswerVerifier } from './index.js';

let body: AnswerBody;
let verifier: AnswerVerifier;

beforeAll(async () => {
  const ca = await mintCa({ trustDomain: 'mesh.test' });
  const signer = async (id: SpiffeId) => signerOf(await ca.issue({ uri: id.toString() }));
  body = await answerOf({
    gateway: await signer(GATEWAY),
    researcher: await signer(RESEARCHER),
    writer: await signer(WRITER),
  });
  verifier = new AnswerVerifier(trustOf(ca.certificateDer));
});

const verify = (changed: object) => verifier.verify(JSON.stringify(changed), { now: NOW });
const refused = (changed: object) =>
  expect(verify(changed)).rejects.toMatchObject({ code: expect.stringMatching(/^ERR_ANSWER_/) });

describe('an answer that was right', () => {
  it('is refused with any one JSON value of its content changed', async () => {
    await expect(verify(body)).resolves.toBeDefined();
    const { statements, ...content } = body;
    const paths = pathsOf(content).slice(1);
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...paths),
        fc.jsonValue({ maxDepth: 2 }),
        async (path, to) => {
          fc.pre(
            JSON.stringify(valueAt(content, path)) !== JSON.stringify(to) && !Object.is(to, -0),
          );
          await refused({ ...(withValue(content, path, to) as object), statements });
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is refused with any member of its content left out or added', async () => {
    const { statements, ...content } = body;
    for (const name of Object.keys(content)) {
      const rest = Object.fromEntries(Object.entries(content).filter(([own]) => own !== name));
      await refused({ ...rest, statements });
    }
    await refused({ ...body, more: null });
  });

  it('is refused with any character of a statement changed, left out or added', async () => {
    const characters = [
      ...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_',
      ...'.=+/ \n',
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.nat(body.statements.length - 1),
        fc.nat(10_000),
        fc.constantFrom('', ...characters),
        fc.constantFrom(0, 1),
        async (place, position, by, removed) => {
          const text = body.statements[place] ?? '';
          const from = position % text.length;
          const changed = text.slice(0, from) + by + text.slice(from + removed);
          fc.pre(changed !== text);
          await refused({ ...body, statements: body.statements.with(place, changed) });
        },
      ),
      { numRuns: 400 },
    );
  });

  it('is refused with any character at the end of a statement', async () => {
    for (const [place, text] of body.statements.entries()) {
      for (const by of [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']) {
        const changed = text.slice(0, -1) + by;
        if (changed !== text) {
          await refused({ ...body, statements: body.statements.with(place, changed) });
        }
      }
    }
  });
});
