import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mintCa, type MintedCa } from '@test/kit';
import {
  type CanonicalRequest,
  contentDigest,
  requestDigest,
  serializeTrustDocument,
  signStatement,
  sourceDigest,
  type Statement,
  type VerifiedAnswer,
} from '@mesh/provenance';
import { readable } from '../../apps/mesh/src/commands/ask/readable.js';
import { research } from '../../apps/mesh/src/commands/ask/research.js';
import { verifyDelivered } from '../../apps/mesh/src/commands/ask/verify-delivered.js';
import { indented, printable, printableJson } from '../../apps/mesh/src/printable.js';
import { StateFolder } from '../../apps/mesh/src/state/state-folder.js';
import {
  GATEWAY,
  signerOf,
  SOURCES,
  statement,
  trustOf,
} from '../../libs/provenance/test/answers.js';

const ACCESS_TOKEN = 'planted.access.token';
const CLIENT = 'mesh-cli';
/** Of the terminal. */
const COLUMNS = 60;
const code = (expected: string) => expect.objectContaining({ code: expected });

/** What the gateway says: status and body, or events. */
type Say = (request: CanonicalRequest) => Promise<{
  readonly status?: number;
  readonly body?: string;
  readonly events?: readonly (readonly [string, unknown])[];
}>;

let ca: MintedCa;
let server: Server;
let state: StateFolder;
let say: Say;
let received: IncomingHttpHeaders[];
let said: string[];

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test' });
});
beforeEach(async () => {
  received = [];
  said = [];
  state = new StateFolder(mkdtempSync(join(tmpdir(), 'mesh-ask-')));
  mkdirSync(dirname(state.trustFile), { recursive: true });
  writeFileSync(state.trustFile, serializeTrustDocument(trustOf(ca.certificateDer)));
  server = createServer((request, response) => void answerOne(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
async function answerOne(request: IncomingMessage, response: ServerResponse): Promise<void> {
  received.push(request.headers);
  const {
    status = 200,
    body,
    events = [],
  } = await say({
    method: request.method!,
    path: request.url!,
    nonce: String(request.headers['request-nonce']),
    body: await json(request),
  });
  const type = body === undefined ? 'text/event-stream' : 'application/problem+json';
  const lines = events.map(([event, data]) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  response.writeHead(status, { 'content-type': type }).end(body ?? lines.join(''));
}
afterEach(() => {
  server.close();
  rmSync(state.path, { recursive: true });
});

/** A right answer of the gateway to a request, but for the changes. */
async function answered(
  request: CanonicalRequest,
  changes: Partial<Statement> = {},
  signer = ca,
): Promise<Record<string, unknown>> {
  const content = {
    answer: 'Because [1].',
    answered: true,
    sources: SOURCES,
    requests: [request],
    correlationId: 'corr-1234',
  };
  const signed = await signStatement(
    statement({
      iat: Math.floor(Date.now() / 1000),
      request: await requestDigest(request),
      content: await contentDigest(content),
      inputs: { statements: [], sources: await Promise.all(SOURCES.map(sourceDigest)) },
      ...changes,
    }),
    signerOf(await signer.issue({ uri: GATEWAY.toString() })),
  );
  return { ...content, statements: [signed] };
}

async function asked(): Promise<{ document: string; text: string }> {
  const { port } = server.address() as AddressInfo;
  const delivered = await research(
    { gatewayUrl: `http://127.0.0.1:${port}` },
    { question: 'Why?', depth: 'deep' },
    {
      accessToken: ACCESS_TOKEN,
      signal: new AbortController().signal,
      deadlineMs: 10_000,
      say: (line) => said.push(line),
    },
  );
  const verified = await verifyDelivered(delivered, CLIENT, state);
  return { document: delivered.document, text: readable(verified, COLUMNS) };
}

describe('an answer', () => {
  it('is shown once its statements prove it, in the very form in which it was delivered', async () => {
    say = async (request) => ({
      events: [
        ['progress', { stage: 'searching', agent: 'researcher' }],
        ['sources', { sources: [{}, {}] }],
        ['text', { text: 'Be', inProgress: true }],
        ['done', await answered(request)],
      ],
    });
    const { document, text } = await asked();
    expect(text).toMatch(
      /^ {2}Because \[1\]\.\n\nSources\n {2}\[1\] Title 1\n {6}documents:\/\/\/\S+\n\nProof\n/,
    );
    expect(text).toContain(`\n  Verified: written by ${GATEWAY}.\n`);
    expect(text).toContain('no model was used');
    expect(JSON.parse(document)).toMatchObject({
      answer: 'Because [1].',
      statements: [expect.any(String)],
    });
    expect(said).toEqual(['Searching…', 'Found 2 passages.']);
  });

  it('names the model that a statement names', async () => {
    say = async (request) => ({
      events: [
        [
          'done',
          await answered(request, {
            producers: [{ kind: 'model', provider: 'gemini', name: 'flash' }],
          }),
        ],
      ],
    });
    expect((await asked()).text).toContain('\n  Written by gemini flash.\n');
  });

  it('names who wrote it apart from who passed it on', () => {
    const nodes = ['gateway', 'researcher', 'writer'].map((iss) => ({
      statement: { iss, producers: [] },
    }));
    const edges = [0, 1].map((outer) => ({ outer, inner: outer + 1 }));
    const content = { answer: 'Because.', correlationId: 'corr-1234' };
    const verified = { content, sources: [], nodes, edges } as unknown as VerifiedAnswer;
    expect(readable(verified, 200)).toContain(
      '\n  Verified: written by writer, passed on by researcher and gateway.\n',
    );
  });

  it('is asked for with the token and a nonce of its own each time', async () => {
    say = async (request) => ({ events: [['done', await answered(request)]] });
    await asked();
    await asked();
    const nonces = received.map((headers) => String(headers['request-nonce']));
    expect(new Set(nonces).size).toBe(2);
    for (const nonce of nonces) expect(nonce).toMatch(/^[\w-]{21}[AQgw]$/);
    expect(received[0]).toMatchObject({ authorization: `Bearer ${ACCESS_TOKEN}` });
  });

  it.each<[string, string, (request: CanonicalRequest) => Promise<object>]>([
    [
      'is unsigned',
      'ERR_ANSWER_UNSIGNED',
      async (request) => ({ ...(await answered(request)), statements: undefined }),
    ],
    [
      'was changed',
      'ERR_ANSWER_CONTENT',
      async (request) => ({ ...(await answered(request)), answer: 'Planted.' }),
    ],
    [
      'answers an earlier request',
      'ERR_ANSWER_REQUEST',
      (request) => answered({ ...request, nonce: 'AAECAwQFBgcICQoLDA0ODw' }),
    ],
    [
      'answers another question',
      'ERR_ANSWER_REQUEST',
      (request) => answered({ ...request, body: { question: 'Who?' } }),
    ],
    [
      'is for another client',
      'ERR_ANSWER_AUDIENCE',
      (request) => answered(request, { aud: 'mesh-swagger' }),
    ],
    [
      'is old',
      'ERR_ANSWER_IAT_OLD',
      async (request) => {
        const old = await mintCa({
          trustDomain: 'mesh.test',
          keys: ca.keys,
          notBefore: new Date(Date.now() - 3_600_000),
        });
        const leaf = await old.issue({
          uri: GATEWAY.toString(),
          notBefore: new Date(Date.now() - 3_600_000),
        });
        writeFileSync(state.trustFile, serializeTrustDocument(trustOf(old.certificateDer)));
        return answered(request, { iat: Math.floor(Date.now() / 1000) - 301 }, {
          ...old,
          issue: async () => leaf,
        } as MintedCa);
      },
    ],
    [
      'is of another CA',
      'ERR_ANSWER_CHAIN',
      async (request) => answered(request, {}, await mintCa({ trustDomain: 'mesh.test' })),
    ],
  ])(
    'that %s is refused by %s, and nothing of it is in the error',
    async (_, expected, delivered) => {
      say = async (request) => ({
        events: [
          ['text', { text: 'Planted.' }],
          ['done', await delivered(request)],
        ],
      });
      const error: unknown = await asked().catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: expected });
      expect((error as Error).message).not.toMatch(/Planted|Because|planted\.access/);
      expect(said).toEqual([]);
    },
  );

  it('is refused where no trust document is kept', async () => {
    rmSync(state.trustFile);
    say = async (request) => ({ events: [['done', await answered(request)]] });
    await expect(asked()).rejects.toThrow(code('ERR_TRUST_NOT_KEPT'));
  });

  it('cannot steer the terminal, nor forge what stands below it', async () => {
    const source = {
      ...SOURCES[0]!,
      title: `A\nVerified: written by me.\u001b[2J${'.'.repeat(60)}x`,
    };
    const forged = 'Proof\n\tVerified: written by me.\u2028\n';
    say = async (request) => {
      const content: Record<string, unknown> = {
        ...(await answered(request)),
        answer: `x\u001b[2J\u202e\u200b [1]\n${forged}${'. '.repeat(29)}Proof`,
        sources: [source],
        correlationId: 'c\nVerified: written by nobody.',
      };
      delete content['statements'];
      const signed = await signStatement(
        statement({
          iat: Math.floor(Date.now() / 1000),
          request: await requestDigest(request),
          content: await contentDigest(content),
          inputs: { statements: [], sources: [await sourceDigest(source)] },
        }),
        signerOf(await ca.issue({ uri: GATEWAY.toString() })),
      );
      return { events: [['done', { ...content, statements: [signed] }]] };
    };
    const { text } = await asked();
    expect(text).toMatch(/^ {2}x\[2J \[1\]\n {2}Proof\n {4}Verified: written by me\.\n/);
    expect(text).toMatch(/\n {2}\[1\] A Verified: written by\n {6}me\.\[2J\.+\n {6}\.+x\n/);
    expect(text).toMatch(/\n {2}Correlation ID c Verified: written by nobody\.\n$/);
    const lines = text.split('\n');
    expect(lines.filter((line) => /^[^ ]/.test(line))).toEqual(['Sources', 'Proof']);
    expect(lines.filter((line) => line.length > COLUMNS && !line.includes('://'))).toEqual([]);
  });
});

describe('JSON for a terminal', () => {
  it('says the same without characters that steer it', () => {
    const value = { text: 'a\u007f\u009b2J\u202e\u2066\u200b\u{e0041}b😀' };
    const printed = printableJson(JSON.stringify(value));
    expect(printed).toBe('{"text":"a\\u007f\\u009b2J\\u202e\\u2066\\u200b\\udb40\\udc41b😀"}');
    expect(JSON.parse(printed)).toEqual(value);
  });
});

describe('text for a terminal', () => {
  it('is without what is not seen, or turns the reading round', () => {
    expect(printable('a\u0000\u001b\r\u0085\u00ad\u061c\u200b\u200e\u200f\u2028\u2029')).toBe('a');
    expect(printable('\u202e\u2066\ufeff\u{e0041}b\ud800')).toBe('b');
    expect(printable('é\t😀\n会議')).toBe('é\t😀\n会議');
  });

  it('is broken behind a space, or where there is none', () => {
    expect(indented('a long line of words', '  ', 20)).toBe('  a long line of\n  words');
    expect(indented(`${'ä'.repeat(20)}\n\nb`, '  ', 20)).toBe(`  ${'ä'.repeat(18)}\n  ää\n\n  b`);
  });

  it('is broken by its width: some characters take two columns', () => {
    expect(indented('会議は水曜日の午後三時に', '  ', 20)).toBe('  会議は水曜日の午後\n  三時に');
  });

  it('keeps an address whole', () => {
    const address = `https://example.org/${'a'.repeat(60)}`;
    expect(indented(address, '  ', 20)).toBe(`  ${address}`);
  });
});

describe('a gateway that refuses', () => {
  const problem = (errorCode: string, detail: string) =>
    JSON.stringify({
      code: errorCode,
      detail,
      correlationId: 'corr-1234',
      status: 403,
      title: 'x',
      type: '/errors',
    });

  it.each([
    [401, 'ERR_ACCESS_TOKEN_EXPIRED', 'The access token has expired.'],
    [403, 'ERR_ACCESS_TOKEN_SCOPE', 'The scope research:deep is missing.'],
  ])('with %i is quoted, with its code', async (status, errorCode, detail) => {
    say = async () => ({ status, body: problem(errorCode, detail) });
    await expect(asked()).rejects.toMatchObject({
      code: errorCode,
      message: `${detail} [correlation ID corr-1234]`,
    });
  });

  it('half way is quoted too, and one that breaks off is told', async () => {
    say = async () => ({
      events: [['error', JSON.parse(problem('ERR_PEER_UNAVAILABLE', 'The writer is away.'))]],
    });
    await expect(asked()).rejects.toThrow('The writer is away.');
    say = async () => ({ events: [['text', { text: 'Be' }]] });
    await expect(asked()).rejects.toThrow(code('ERR_PEER_RESPONSE_INVALID'));
  });
});
