import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mintCa, type MintedCa } from '@test/kit';
import {
  type CanonicalRequest,
  contentDigest,
  requestDigest,
  serializeArchiveDocument,
  serializeTrustDocument,
  signStatement,
  sourceDigest,
} from '@mesh/provenance';
import { Certificate, type SpiffeId } from '@mesh/spiffe';
import {
  type AnswerBody,
  answerOf,
  DOMAIN,
  GATEWAY,
  IAT,
  RESEARCHER,
  signerOf,
  statement,
  trustOf,
  WRITER,
} from '../../libs/provenance/test/answers.js';
import { Sandbox } from './program.js';

jest.setTimeout(60_000);

let sandbox: Sandbox;
let ca: MintedCa;
let body: AnswerBody;
const file = (name: string) => join(sandbox.folder, name);
const signer = async (id: SpiffeId) => signerOf(await ca.issue({ uri: id.toString() }));

beforeAll(async () => {
  sandbox = new Sandbox();
  ca = await mintCa({ trustDomain: 'mesh.test' });
  body = await answerOf({
    gateway: await signer(GATEWAY),
    researcher: await signer(RESEARCHER),
    writer: await signer(WRITER),
    changes: {
      writer: {
        producers: [
          {
            ...{ kind: 'model', provider: 'gemini', name: 'gemini-2.5-flash' },
            tokens: { input: 900, output: 120 },
          },
        ],
        hosts: [{ host: 'generativelanguage.googleapis.com', bytes: 4711 }],
      },
    },
  });
  mkdirSync(file('state/trust'), { recursive: true });
  writeFileSync(
    file('state/trust/mesh-trust.json'),
    serializeTrustDocument(trustOf(ca.certificateDer)),
  );
  writeFileSync(file('answer.json'), JSON.stringify(body));
});
afterAll(() => sandbox.close());

describe('verify', () => {
  it('explains who made an answer, for whom and from what', async () => {
    const { code, stdout, stderr } = await sandbox.run(['verify', 'answer.json']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Verified: the answer and its 3 statements are as they were signed/);
    for (const words of [
      'mesh-cli, for the person user-7f (a pseudonym)',
      'Transaction  txn-1',
      'Question     Why?',
      `\n  1. ${GATEWAY}\n`,
      `\n    2. ${RESEARCHER}\n`,
      `\n      3. ${WRITER}\n`,
      `answered     ${RESEARCHER} (request checked, content attested)`,
      'scopes       research:deep draft:write\n',
      'scopes       draft:write\n',
      'model gemini gemini-2.5-flash (900 tokens in, 120 out)',
      'generativelanguage.googleapis.com (4711 bytes sent)',
      'redaction (1)',
      'named by statements 2, 3',
      'state/trust/mesh-trust.json',
      'A malicious gateway',
    ]) {
      expect(stdout).toContain(words);
    }
    expect(stdout).toMatch(/serial [0-9a-f]+, \d{4}-\d\d-\d\dT[\d:]+Z to \d{4}-/);
    const digest = createHash('sha256').update(sandbox.read('state/trust/mesh-trust.json'));
    expect(stdout).toMatch(new RegExp(`SHA-256 +[\\w-]{43} \\(${digest.digest('hex')}\\)`));
  });

  it('says it to machines, and reads standard input', async () => {
    const { code, stdout } = await sandbox.run(['verify', '-', '--json'], {
      input: JSON.stringify(body),
    });
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      verified: true,
      verdict: 'valid',
      statements: [
        { issuer: GATEWAY.toString(), audience: 'mesh-cli', inputs: { statements: [1] } },
        { issuer: RESEARCHER.toString(), inputs: { statements: [2] } },
        { issuer: WRITER.toString(), scope: ['draft:write'], inputs: { statements: [] } },
      ],
      sources: [{ id: 1, namedBy: [1, 2] }, { id: 2 }],
    });
  });

  it('says nothing in either form that steers a terminal', async () => {
    const title = 'A\u009b2J\u202etitle';
    const sources = body.sources.map((source) => ({ ...source, title }));
    const [request] = body.requests as [CanonicalRequest];
    const content = { answer: body.answer, answered: true, sources, requests: [request] };
    const compact = await signStatement(
      statement({
        request: await requestDigest(request),
        content: await contentDigest(content),
        inputs: { statements: [], sources: await Promise.all(sources.map(sourceDigest)) },
      }),
      await signer(GATEWAY),
    );
    const input = JSON.stringify({ ...content, statements: [compact] });
    const { code, stdout } = await sandbox.run(['verify', '-', '--json'], { input });
    expect(code).toBe(0);
    expect(stdout).not.toMatch(/[\u009b\u202e]/);
    expect(JSON.parse(stdout)).toMatchObject({ sources: [{ title }, { title }] });
    const words = await sandbox.run(['verify', '-'], { input });
    expect(words).toMatchObject({ code: 0, stdout: expect.stringContaining('  [1] A2Jtitle\n') });
  });

  it.each([['2026-02-28'], ['2026-02-28T10:00:00+01:00'], ['1772270000']])(
    'takes the time %s, and judges by it',
    async (time) => {
      expect(await sandbox.run(['verify', 'answer.json', '--at', time])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^mesh: answer.json, judged at 2026-02-28T[^]*FUTURE\)\n$/),
      });
    },
  );

  it('accepts an answer at a time when its certificates were valid', async () => {
    const { code } = await sandbox.run(['verify', 'answer.json', '--at', String(IAT)]);
    expect(code).toBe(0);
  });

  it('takes trust from where it is told, and then no archive of the state folder', async () => {
    const next = await mintCa({ trustDomain: 'mesh.test' });
    const archive = (since: number) =>
      serializeArchiveDocument({
        trustDomain: DOMAIN,
        authorities: [
          { certificate: Certificate.parse(ca.certificateDer), status: 'retired', since },
        ],
      });
    writeFileSync(file('next.json'), serializeTrustDocument(trustOf(next.certificateDer)));
    writeFileSync(file('archive.json'), archive(IAT + 1));
    writeFileSync(file('early.json'), archive(IAT - 1));
    const args = ['verify', 'answer.json', '--trust', 'next.json'];
    // It would vouch for the answer, as the same document does below.
    writeFileSync(file('state/trust/mesh-archive.json'), archive(IAT + 1));
    expect(await sandbox.run(args)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringContaining('(ERR_ANSWER_CHAIN)'),
    });
    rmSync(file('state/trust/mesh-archive.json'));
    expect(await sandbox.run([...args, '--archive', 'archive.json'])).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(
        /^Verified: [^]*signers' own word[^]*of a CA that is retired[^]*archive.json/,
      ),
    });
    expect(await sandbox.run([...args, '--archive', 'early.json'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('(ERR_ANSWER_AUTHORITY_RETIRED)'),
    });
  });
});

describe('verify refuses', () => {
  it('an answer that was changed, and says so to machines too', async () => {
    writeFileSync(file('changed.json'), JSON.stringify({ ...body, answered: false }));
    const { code, stdout, stderr } = await sandbox.run(['verify', 'changed.json', '--json']);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({
      verified: false,
      code: 'ERR_ANSWER_CONTENT',
      message: expect.stringContaining('statement 1'),
    });
    expect(stderr).toMatch(/^mesh: changed.json is refused: [^\n]+ \(ERR_ANSWER_CONTENT\)\n$/);
    expect(stdout + stderr).not.toContain('Because');
  });

  it.each([
    ['a missing file', 'missing.json', 'ERR_FILE_NOT_FOUND'],
    ['a folder', '.', 'ERR_FILE_UNREADABLE'],
    ['what is no text', 'binary.json', 'ERR_FILE_UNREADABLE'],
    ['a file of 50 MB', 'large.json', 'ERR_FILE_TOO_LARGE'],
    ['an empty file', 'empty.json', 'ERR_ANSWER_JSON_SYNTAX'],
    ['what is no JSON', 'text.json', 'ERR_ANSWER_JSON_SYNTAX'],
    ['JSON nested deeply', 'deep.json', 'ERR_ANSWER_JSON_DEPTH'],
    ['JSON that is no object', 'list.json', 'ERR_ANSWER_DOCUMENT'],
    ['an answer without statements', 'unsigned.json', 'ERR_ANSWER_UNSIGNED'],
    ['an answer with no statement', 'none.json', 'ERR_ANSWER_UNSIGNED'],
  ])('%s in one line', async (_, name, errorCode) => {
    const files: Readonly<Record<string, string | Buffer>> = {
      'binary.json': Buffer.from([0xff, 0xfe, 0x00]),
      'large.json': '',
      'empty.json': '',
      'text.json': 'Because.',
      'deep.json': '['.repeat(100_000),
      'list.json': '[]',
      'unsigned.json': JSON.stringify({ ...body, statements: undefined }),
      'none.json': JSON.stringify({ ...body, statements: [] }),
    };
    const content = files[name];
    if (content !== undefined) writeFileSync(file(name), content);
    if (name === 'large.json') truncateSync(file(name), 50_000_000);
    const { code, stdout, stderr } = await sandbox.run(['verify', name]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^mesh: [^\n]{1,250} \\(${errorCode}\\)\n$`));
  });

  it.each([
    ['--trust', 'nothing.json', 'ERR_FILE_NOT_FOUND'],
    ['--trust', '.', 'ERR_FILE_UNREADABLE'],
    ['--trust', 'answer.json', 'ERR_TRUST_DOCUMENT_TYPE'],
    ['--archive', 'nothing.json', 'ERR_FILE_NOT_FOUND'],
    ['--archive', 'state/trust/mesh-trust.json', 'ERR_TRUST_DOCUMENT_TYPE'],
  ])('to judge by %s %s', async (option, name, errorCode) => {
    const { code, stdout, stderr } = await sandbox.run(['verify', 'answer.json', option, name]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(new RegExp(`^mesh: [^\n]+ \\(${errorCode}\\)\n$`));
  });

  it('to judge by nothing, and says where trust comes from', async () => {
    const { code, stderr } = await sandbox.run(['verify', 'answer.json'], {
      env: { MESH_STATE: file('elsewhere') },
    });
    expect(code).toBe(1);
    expect(stderr).toMatch(/^mesh: [^\n]*\/v1\/trust[^\n]* \(ERR_TRUST_NOT_KEPT\)\n$/);
  });

  it.each(['yesterday', '2026-02-30', '2026-11-24T18:30:00', '2026-13-01', '1795545000000', ''])(
    'the time "%s"',
    async (time) => {
      expect(await sandbox.run(['verify', 'answer.json', '--at', time])).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/^mesh: option '--at <time>' argument [^\n]+ is invalid/),
      });
    },
  );
});
