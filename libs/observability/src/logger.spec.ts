import { readFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@mesh/contracts';
import { MeshError } from '@mesh/errors';
import { LOG_EVENTS, LOG_FIELDS } from './log-fields.js';
import { logHandshake } from './log-handshake.js';
import { createLogger, type LoggerOptions } from './logger.js';
import { runAsAgent, runInContext } from './request-context.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- parsed JSON, looked into by expectations
type Line = Record<string, any>;

const MARKER = 'planted-secret-4711';

class TestError extends MeshError {
  readonly code = 'ERR_PEER_FAILED';
}

function setUp(options: LoggerOptions = {}) {
  const written: string[] = [];
  const destination = new Writable({
    write(chunk: Buffer, _, done) {
      written.push(chunk.toString());
      done();
    },
  });
  const logger = createLogger({ format: 'json', level: 'trace', ...options, destination });
  return {
    logger,
    text: () => written.join(''),
    line: () => JSON.parse(written.at(-1) ?? '') as Line,
  };
}

const request: RequestContext = {
  agent: 'writer',
  correlationId: 'correlation-1',
  traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  traceId: '0af7651916cd43dd8448eb211c80319c',
  caller: {
    spiffeId: 'spiffe://mesh.local/ns/agents/sa/researcher',
    serialNumber: '0a',
    notAfter: new Date(0),
  },
  deadline: 0,
  signal: new AbortController().signal,
};
const writer = { agent: 'writer', spiffeId: 'spiffe://mesh.local/ns/agents/sa/writer' };
const researcher = { agent: 'researcher', spiffeId: 'spiffe://mesh.local/ns/agents/sa/researcher' };

describe('createLogger', () => {
  it('writes one JSON object a line, with time, level and words', () => {
    const { logger, text, line } = setUp();
    logger.warn({ event: 'retry', attempt: 2 }, 'called again');
    expect(text()).toMatch(/^[^\n]+\n$/);
    expect(line()).toEqual({
      level: 'warn',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      event: 'retry',
      attempt: 2,
      msg: 'called again',
    });
  });

  it('says whose line it is, for several agents in one process', async () => {
    const { logger, text } = setUp();
    const speak = async (words: string) => {
      await new Promise((resolve) => setImmediate(resolve));
      logger.info(words);
    };
    await Promise.all([
      runAsAgent(writer, () => speak('w')),
      runAsAgent(researcher, () => speak('r')),
      speak('launcher'),
    ]);
    const said = text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>)
      .map(({ msg, agent, spiffe_id }) => [msg, agent, spiffe_id]);
    expect(said.sort()).toEqual([
      ['launcher', undefined, undefined],
      ['r', 'researcher', researcher.spiffeId],
      ['w', 'writer', writer.spiffeId],
    ]);
  });

  it('names the request that is served, and no call can say otherwise', () => {
    const { logger, line } = setUp();
    runAsAgent(writer, () =>
      runInContext(request, () => {
        logger.info({ agent: 'gateway', correlation_id: 'forged', status: 200 }, 'answered');
      }),
    );
    expect(line()).toMatchObject({
      agent: 'writer',
      spiffe_id: writer.spiffeId,
      caller_spiffe_id: 'spiffe://mesh.local/ns/agents/sa/researcher',
      correlation_id: 'correlation-1',
      trace_id: '0af7651916cd43dd8448eb211c80319c',
      span_id: 'b7ad6b7169203331',
      status: 200,
    });
  });

  it('leaves out fields that are not in the schema, of a child too', () => {
    const { logger, text, line } = setUp();
    const fields = { headers: { authorization: MARKER }, prompt: MARKER, status: 200 };
    logger.info(fields, 'x');
    expect(line()).toMatchObject({ status: 200, dropped: ['headers', 'prompt'] });
    logger.child({ answer: MARKER, name: 'n' }).info('y');
    expect(line()).toMatchObject({ name: 'n', dropped: ['answer'], msg: 'y' });
    logger.child({ name: 'n' }).child({ req: MARKER }).info('z');
    expect(line()).toMatchObject({ name: 'n', msg: 'z' });
    expect(text()).not.toContain(MARKER);
  });

  it('names an object by its type alone', () => {
    const { logger, text, line } = setUp();
    logger.info({ peer: { key: MARKER }, model: Buffer.from(MARKER), name: () => MARKER }, 'x');
    expect(line()).toMatchObject({ peer: '[Object]', model: '[Buffer]', name: '[function]' });
    logger.info({ chain_subjects: [['a'], { b: MARKER }], count: 3n, path: null }, 'x');
    expect(line()).toMatchObject({
      chain_subjects: ['[Array]', '[Object]'],
      count: '3',
      path: null,
    });
    expect(text()).not.toContain(MARKER);
  });

  it('caps texts and lists', () => {
    const { logger, text, line } = setUp();
    logger.info(
      { reason: 'é'.repeat(5000), chain_subjects: Array(500).fill('x'.repeat(2000)) },
      'm'.repeat(9999),
    );
    expect(line()['reason']).toHaveLength(1025);
    expect(line()['chain_subjects']).toHaveLength(20);
    expect(line()['msg']).toHaveLength(1025);
    expect(text().length).toBeLessThan(25_000);
  });

  it('holds no control or direction characters, in words and fields', () => {
    const { logger, text } = setUp({ format: 'pretty' });
    logger.info({ reason: 'a\u001b[31mb\nc\u202ed\u0007' }, 'w\u001b]0;title\u0007\r\n');
    expect(text()).toMatch(/^[^\n]*\n$/);
    // eslint-disable-next-line no-control-regex -- control characters are what it looks for
    expect(text()).not.toMatch(/[\u001b\u0007\r\u202e]/);
  });

  it('is readable where it is told to be', () => {
    const { logger, text } = setUp({ format: 'pretty' });
    runAsAgent(writer, () => {
      logger.info({ port: 4003 }, 'serves');
    });
    expect(text()).toMatch(/^\[\d\d:\d\d:\d\d\.\d{3}\] INFO: writer: serves \{"port":4003\}\n$/);
  });

  it('writes JSON by default where the destination is no terminal', () => {
    const { logger, line } = setUp({ format: 'auto' });
    logger.info('x');
    expect(line()).toMatchObject({ msg: 'x' });
  });

  it('writes nothing below its level', () => {
    const { logger, text } = setUp({ level: 'warn' });
    logger.info('x');
    expect(text()).toBe('');
  });
});

describe('errors in the log', () => {
  it('keep code, message, stack and cause of the project’s own', () => {
    const { logger, line } = setUp();
    logger.error(
      { err: new TestError('the writer failed', { cause: new TestError('inner') }) },
      'failed',
    );
    expect(line()).toMatchObject({
      msg: 'failed',
      err: {
        name: 'TestError',
        code: 'ERR_PEER_FAILED',
        message: 'the writer failed',
        cause: { message: 'inner' },
      },
    });
    expect(line()['err'].stack[0]).toMatch(/^at .*logger\.spec/);
  });

  it('show nothing that foreign code wrote, inside a request', () => {
    const { logger, text, line } = setUp();
    let thrown: unknown;
    try {
      JSON.parse(`{"question": ${MARKER}`);
    } catch (error) {
      thrown = error;
    }
    const cause = Object.assign(new Error(`${MARKER}\n    at ${MARKER} (a.ts:1:1)`), {
      code: MARKER,
      config: { headers: { key: MARKER } },
    });
    runInContext(request, () => {
      logger.error(thrown as Error);
      logger.error({ err: new TestError('outer', { cause }) });
      logger.error({ err: cause }, 'words');
      logger.error({ err: MARKER }, 'no error at all');
    });
    expect(text()).not.toContain(MARKER);
    expect(text().split('\n')[0]).toContain('"msg":"SyntaxError"');
    expect(line()['err']).toEqual({ name: '[string]' });
  });

  it('keep the words of foreign code outside of requests, where there is nothing to quote', () => {
    const { logger, line } = setUp();
    logger.error(new RangeError('the port is no port'));
    expect(line()).toMatchObject({ msg: 'the port is no port', err: { name: 'RangeError' } });
  });

  it('keep what the system says, everywhere', () => {
    const { logger, line } = setUp();
    const error = Object.assign(new Error(MARKER), {
      code: 'ECONNREFUSED',
      errno: -111,
      syscall: 'connect',
      address: '127.0.0.1',
      port: 4003,
    });
    runInContext(request, () => {
      logger.error({ err: error }, 'x');
    });
    expect(line()['err']).toMatchObject({
      code: 'ECONNREFUSED',
      message: 'connect 127.0.0.1:4003',
    });
  });

  it('end at the fifth cause, also of an error that causes itself', () => {
    const { logger, line } = setUp();
    const error = new TestError('loop');
    error.cause = error;
    logger.error({ err: error }, 'x');
    expect(JSON.stringify(line()).match(/"loop"/g)).toHaveLength(6);
  });
});

describe('handshake lines', () => {
  it('hold what forensics need', () => {
    const { logger, line } = setUp();
    logHandshake(logger, {
      outcome: 'accepted',
      side: 'server',
      peerId: new URL('spiffe://mesh.local/ns/agents/sa/gateway'),
      serialNumber: '0a1b',
      notBefore: new Date('2026-01-01T00:00:00Z'),
      notAfter: new Date('2026-01-01T01:00:00Z'),
      chainSubjects: ['CN=gateway', 'CN=ca'],
      tlsVersion: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
    });
    const { time, ...rest } = line();
    expect(time).toBeDefined();
    expect(rest).toEqual({
      level: 'info',
      msg: 'handshake accepted',
      event: 'handshake',
      outcome: 'accepted',
      side: 'server',
      peer_spiffe_id: 'spiffe://mesh.local/ns/agents/sa/gateway',
      serial_number: '0a1b',
      not_before: '2026-01-01T00:00:00.000Z',
      not_after: '2026-01-01T01:00:00.000Z',
      chain_subjects: ['CN=gateway', 'CN=ca'],
      tls_version: 'TLSv1.3',
      cipher: 'TLS_AES_256_GCM_SHA384',
    });
  });

  it('warn of a refused peer, with the reason', () => {
    const { logger, line } = setUp();
    logHandshake(logger, {
      outcome: 'refused',
      side: 'client',
      code: 'ERR_PEER_NOT_AUTHORIZED',
      reason: 'another ID was expected',
      notAfter: new Date(NaN),
      remoteAddress: '127.0.0.1',
      suppressed: 3,
    });
    expect(line()).toMatchObject({
      level: 'warn',
      outcome: 'refused',
      code: 'ERR_PEER_NOT_AUTHORIZED',
      reason: 'another ID was expected',
      not_after: 'invalid date',
      remote_address: '127.0.0.1',
      suppressed: 3,
    });
  });
});

describe('the schema', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| `(?!mesh_)([a-z_.-]+)` +\| (.*?) +\|$/gm)].map((row) =>
    row.slice(1, 3),
  );

  it('is what the README says', () => {
    expect(rows).toEqual(Object.entries({ ...LOG_FIELDS, ...LOG_EVENTS }));
  });
});
