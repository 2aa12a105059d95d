import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { GeminiSimulator } from '../simulators/gemini.js';
import { keptBy, Sandbox } from './program.js';

jest.setTimeout(60_000);

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.close());

const QUESTION = 'How does a workload get its SVID?';

describe('ask', () => {
  it('prints the answer with its sources, and nothing else, on stdout', async () => {
    const { code, stdout, stderr } = await sandbox.run(['ask', QUESTION]);
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^ {2}A workload gets its SVID from the Workload API[^]*\n\nSources\n {2}\[1\] /,
    );
    expect(stdout).toContain('no model was used');
    expect(stdout).toMatch(
      /^Proof\n {2}Verified: written by\s+spiffe:\/\/mesh\.local\/\S+\/writer,\s+passed on\s+by\s/m,
    );
    expect(stderr).toMatch(/^Starting[^\n]*\nSearching…\nFound \d+ passages\.\nWriting…\n$/);
    expect(sandbox.keptPlain()).toEqual(keptBy());
  });

  it('prints it as JSON with --json, exactly', async () => {
    const { code, stdout } = await sandbox.run(['ask', QUESTION, '--json', '--depth', 'deep']);
    expect(code).toBe(0);
    const answer = JSON.parse(stdout);
    expect(answer).toEqual({
      answer: expect.stringMatching(/Workload API.*\[1\]/),
      answered: true,
      sources: expect.any(Array),
      model: { provider: 'embedded', name: 'extractive', used: false },
      depth: 'deep',
      correlationId: expect.stringMatching(/^[\w.-]{8,64}$/),
      requests: [
        {
          method: 'POST',
          path: '/v1/research',
          nonce: expect.stringMatching(/^[\w-]{22}$/),
          body: { question: QUESTION, depth: 'deep' },
        },
        { digest: expect.stringMatching(/^[\w-]{43}$/) },
        { digest: expect.stringMatching(/^[\w-]{43}$/) },
      ],
      statements: Array(3).fill(expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]+$/)),
      agents: ['gateway', 'researcher', 'writer'].map((name) => ({
        spiffeId: `spiffe://mesh.local/ns/agents/sa/${name}`,
        serialNumber: expect.stringMatching(/^[0-9a-f]{2,40}$/),
        notAfter: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      })),
    });
    for (const source of answer.sources) {
      expect(Object.keys(source).sort()).toEqual(['id', 'snippet', 'title', 'url']);
    }
  });

  it('says that the documents do not answer, with exit code 0', async () => {
    const { code, stdout } = await sandbox.run(['ask', 'Who won the chess game?', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ answered: false });
  });

  it('takes a question that begins with a dash, and one in any script', async () => {
    mkdirSync(join(sandbox.folder, 'notes'));
    writeFileSync(join(sandbox.folder, 'notes', 'a.txt'), '会議は水曜日の午後三時に始まります。');
    const { code, stdout } = await sandbox.run([
      'ask',
      '--json',
      '--documents',
      'notes',
      '--',
      '- 会議はいつ始まりますか？',
    ]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout).answer).toContain('水曜日');
  });

  it('shows no control characters of a document', async () => {
    mkdirSync(join(sandbox.folder, 'notes'));
    writeFileSync(
      join(sandbox.folder, 'notes', 'a.txt'),
      'The backup runs at night.\u001b]0;owned\u0007 The backup is kept for a week.',
    );
    const { stdout, stderr } = await sandbox.run([
      'ask',
      'When does the backup run?',
      '--documents',
      'notes',
    ]);
    expect(stderr).toContain('Found one passage.\n');
    expect(stdout).toContain('The backup runs at night.');
    // eslint-disable-next-line no-control-regex -- these are looked for
    expect(stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f]/);
  });
});

describe('ask in vain', () => {
  it.each([
    ['an empty question', ['']],
    ['a blank question', [' \t']],
    ['a question of 100,000 characters', ['x'.repeat(100_000)]],
  ])('%s is one line, and nothing is started for it', async (_, args) => {
    const { code, stdout, stderr } = await sandbox.run(['ask', ...args]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^mesh: The question must be [^\n]{1,100} \(ERR_BODY_INVALID\)\n$/);
  });

  it.each([
    ['missing', 'ERR_DOCUMENTS_NOT_FOUND'],
    ['file.txt', 'ERR_DOCUMENTS_NOT_A_FOLDER'],
    ['loop', 'ERR_DOCUMENTS_UNREADABLE'],
  ])('documents in %s are one line', async (name, errorCode) => {
    writeFileSync(join(sandbox.folder, 'file.txt'), '');
    symlinkSync('loop', join(sandbox.folder, 'loop'));
    const { code, stdout, stderr } = await sandbox.run(['ask', 'x', '--documents', name]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(join(sandbox.folder, name));
    expect(stderr).toMatch(new RegExp(`^mesh: [^\n]+ \\(${errorCode}\\)\n$`));
  });

  it('a model without a key is one line that says how to set it', async () => {
    const { code, stdout, stderr } = await sandbox.run(['ask', QUESTION, '--model', 'gemini']);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/\nmesh: [^\n]*\.\/mesh secret set gemini[^\n]*\(ERR_[A-Z_]+\)\n$/);
    expect(stderr).not.toMatch(/ {4}at /);
  });
});

describe('ask, interrupted', () => {
  it('while the model writes closes all', async () => {
    const gemini = await GeminiSimulator.start();
    try {
      gemini.failAlways({ kind: 'hang-in-body' });
      const called = new Promise<void>((resolve) => (gemini.onCall = () => resolve()));
      const left = new Promise<void>((resolve) => (gemini.onAbort = () => resolve()));
      await sandbox.run(['secret', 'set', 'gemini'], { input: gemini.key });
      const asking = sandbox.start(['ask', QUESTION, '--model', 'gemini'], {
        env: { MESH_GEMINI_URL: gemini.baseUrl },
      });
      await called;
      const { code, stdout, stderr } = await asking.end('SIGINT');
      await left;
      expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
      expect(stderr).not.toMatch(/mesh:/);
      expect(sandbox.kept()).not.toContain('lock');
      expect(readdirSync(join(sandbox.state, 'run'))).toEqual([]);
    } finally {
      await gemini.close();
    }
  });

  it('while it starts, too', async () => {
    const asking = sandbox.start(['ask', QUESTION]);
    await asking.until('stderr', /Starting/);
    const { code, stdout } = await asking.end('SIGTERM');
    expect({ code, stdout }).toEqual({ code: 143, stdout: '' });
    expect(sandbox.kept()).not.toContain('lock');
  });
});

describe('ask, several at once', () => {
  it('each has its answer; no temporary folder is left', async () => {
    const results = await Promise.all([1, 2].map(() => sandbox.run(['ask', QUESTION, '--json'])));
    for (const { code, stdout } of results) {
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ answered: true });
    }
    expect(readdirSync(sandbox.temporary)).toEqual([]);
    expect(sandbox.kept()).not.toContain('lock');
  });
});

describe('ask, of what is no gateway', () => {
  it('says so in one line', async () => {
    const server = createServer((_, response) => response.writeHead(404).end('<html>')).listen(0);
    await once(server, 'listening');
    const up = await sandbox.up();
    try {
      const { port } = server.address() as AddressInfo;
      const file = join(sandbox.state, 'running.json');
      const running = JSON.parse(sandbox.read('state/running.json'));
      const ask = async (gatewayUrl: string) => {
        writeFileSync(file, JSON.stringify({ ...running, gatewayUrl }));
        return sandbox.run(['ask', QUESTION]);
      };
      expect(await ask(`http://127.0.0.1:${port}`)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^mesh: .*is no gateway: it answered with status 404.*\n$/),
      });
      expect(await ask('http://127.0.0.1:1')).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^mesh: .*does not answer \(ECONNREFUSED\)[^\n]*\n$/),
      });
    } finally {
      server.close();
      await up.end();
    }
  });
});
