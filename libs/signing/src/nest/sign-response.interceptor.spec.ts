import 'reflect-metadata';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import {
  type CallHandler,
  Controller,
  Get,
  type ExecutionContext,
  HttpException,
  Injectable,
  Module,
  type NestInterceptor,
  Sse,
  StreamableFile,
} from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { mintCa } from '@test/kit';
import { catchError, from, lastValueFrom, map, type Observable, of } from 'rxjs';
import type { AgentEvent } from '@mesh/contracts';
import { problemOf } from '@mesh/errors';
import type { X509Svid } from '@mesh/identity';
import { type VerifiedAnswer, verifyAnswer } from '@mesh/provenance';
import {
  answeredRequest,
  bundleOf,
  GATEWAY,
  requestTo,
  svidOf,
  trustOf,
} from '../../test/agents.js';
import { type AnsweredRequest, AnswerRecord, AnswerSigner, SignedBody } from '../index.js';
import { ANSWERED_REQUESTS, SignResponseInterceptor } from './index.js';

type Events = AsyncIterable<AgentEvent<unknown>>;

/** The record of the request that is served; tests make one at a time. */
let record: AnswerRecord;
/** What the handler of `/events` waits for before its last event. */
let wait: Promise<void>;
let left: boolean;

const text = (of: string): AgentEvent<never> => ({ type: 'text', text: of });
const done = (result: unknown): AgentEvent<unknown> => ({ type: 'done', result });

@Controller()
class Answers {
  @Get('object') object(): object {
    record.edit('redaction');
    return { answer: 'A' };
  }
  @Get('list') list(): unknown {
    return ['A'];
  }
  @Get('text') text(): unknown {
    return 'A';
  }
  @Get('nothing') nothing(): unknown {
    return null;
  }
  @Get('failing') failing(): unknown {
    throw new HttpException('teapot', 418);
  }
  @Get('open') open(): object {
    return { answer: 'A', requests: 'its own' };
  }
  @Get('open-events') async *openEvents(): Events {
    yield done({ answer: 'A' });
  }
  @Get('events') async *events(): Events {
    try {
      yield text('one');
      yield text('two');
      await wait;
      record.edit('redaction');
      yield done({ answer: 'one two' });
    } finally {
      left = true;
    }
  }
  @Get('bad-events') async *badEvents(): Events {
    try {
      yield text('one');
      yield done({ answer: undefined });
    } finally {
      left = true;
    }
  }
  @Get('long-events') async *longEvents(): Events {
    try {
      yield done({ answer: 'A' });
      yield text('more');
    } finally {
      left = true;
    }
  }
  @Sse('sse') sse(): Observable<{ data: object }> {
    return from([{ data: { answer: 'A' } }, { data: { answer: 'B' } }]);
  }
}

/** Sends what comes out: what stands outside of the interceptor in an application of one's own. */
@Injectable()
class Sender implements NestInterceptor {
  intercept(_: ExecutionContext, next: CallHandler<unknown>): Observable<unknown> {
    return next.handle().pipe(
      map((value) =>
        typeof value === 'object' && value !== null && Symbol.asyncIterator in value
          ? new StreamableFile(Readable.from(frames(value as Events)), {
              type: 'text/event-stream',
            })
          : value,
      ),
      catchError((error: unknown) => {
        const { code, status } = problemOf(error, 'corr-1234');
        throw error instanceof HttpException ? error : new HttpException({ code }, status);
      }),
    );
  }
}

async function* frames(events: Events): AsyncGenerator<string> {
  try {
    for await (const { type, ...data } of events) {
      const body = 'result' in data ? data.result : data;
      const json = body instanceof SignedBody ? body.text : JSON.stringify(body);
      yield `event: ${type}\ndata: ${json}\n\n`;
    }
  } catch (error) {
    yield `event: error\ndata: ${problemOf(error, 'corr-1234').code}\n\n`;
  }
}

let svid: X509Svid;
let app: NestFastifyApplication;
let url: string;
let verify: (text: string) => Promise<VerifiedAnswer>;
const asked: string[] = [];

/** Of a request that is served by `path`. */
const answered = (path: string): AnsweredRequest =>
  answeredRequest({ request: { ...requestTo(path), method: 'GET', body: null } });

beforeAll(async () => {
  const ca = await mintCa({ trustDomain: 'mesh.test' });
  svid = await svidOf(ca, GATEWAY);
  const trust = trustOf(bundleOf(ca), GATEWAY);
  verify = (json) => verifyAnswer(json, trust, { now: new Date() });
  @Module({
    controllers: [Answers],
    providers: [
      { provide: AnswerSigner, useValue: new AnswerSigner(GATEWAY, svid) },
      {
        provide: ANSWERED_REQUESTS,
        useValue: {
          of({ url: path }: { url: string }) {
            asked.push(path);
            return path.startsWith('/open') ? undefined : { answered: answered(path), record };
          },
        },
      },
      { provide: APP_INTERCEPTOR, useClass: Sender },
      { provide: APP_INTERCEPTOR, useClass: SignResponseInterceptor },
    ],
  })
  class App {}
  const module = await Test.createTestingModule({ imports: [App] }).compile();
  app = module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
  await app.listen(0, '127.0.0.1');
  url = await app.getUrl();
});
afterAll(() => app.close());

beforeEach(() => {
  record = new AnswerRecord();
  wait = Promise.resolve();
  left = false;
  asked.length = 0;
});

const get = async (path: string) => {
  const response = await fetch(url + path);
  return { status: response.status, text: await response.text() };
};
/** Events of a stream, by name and data. */
const eventsOf = (stream: string) =>
  stream
    .trim()
    .split('\n\n')
    .map((frame) => frame.replace('event: ', '').split('\ndata: ') as [string, string]);

describe('SignResponseInterceptor', () => {
  it('signs an object, with what the handler noted', async () => {
    const { status, text: body } = await get('/object');
    expect(status).toBe(200);
    const { content, nodes } = await verify(body);
    expect(content).toEqual({ answer: 'A', requests: [answered('/object').request] });
    expect(nodes[0]?.statement.edits).toEqual([{ kind: 'redaction', count: 1 }]);
    expect(asked).toEqual(['/object']);
  });

  it('lets events pass as they come, and signs the whole at the end', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wait = promise;
    const response = await fetch(`${url}/events`);
    let stream = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      stream += chunk;
      if (stream.includes('two')) resolve();
    }
    const events = eventsOf(stream);
    expect(events.map(([type]) => type)).toEqual(['text', 'text', 'done']);
    expect(events[0]?.[1]).toBe('{"text":"one"}');
    const { content, nodes } = await verify(events[2]?.[1] ?? '');
    expect(content.answer).toBe('one two');
    expect(nodes[0]?.statement.edits).toEqual([{ kind: 'redaction', count: 1 }]);
  });

  it.each(['/list', '/text', '/nothing'])('makes an error of %s', async (path) => {
    const { status, text: body } = await get(path);
    expect([status, body]).toEqual([500, '{"code":"ERR_SIGNING_CONTENT"}']);
  });

  it("lets nothing out of Nest's own @Sse(), which answers more than once", async () => {
    const { text: body } = await get('/sse');
    expect(body).toContain('event: error');
    expect(body).not.toContain('answer');
  });

  it('ends a stream whose result cannot be signed, and lets nothing of it out', async () => {
    expect(eventsOf((await get('/bad-events')).text)).toEqual([
      ['text', '{"text":"one"}'],
      ['error', 'ERR_SIGNING_CONTENT'],
    ]);
    expect(left).toBe(true);
  });

  it('lets nothing come after what was signed', async () => {
    const events = eventsOf((await get('/long-events')).text);
    expect(events.map(([type]) => type)).toEqual(['done', 'error']);
    await expect(verify(events[0]?.[1] ?? '')).resolves.toBeDefined();
    expect(left).toBe(true);
  });

  it('does not touch the answers of other routes, nor failures', async () => {
    expect((await get('/open')).text).toBe('{"answer":"A","requests":"its own"}');
    expect(eventsOf((await get('/open-events')).text)).toEqual([['done', '{"answer":"A"}']]);
    expect((await get('/failing')).status).toBe(418);
  });

  it('ends the handler when its caller leaves', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wait = promise;
    const response = await fetch(`${url}/events`);
    const reader = response.body!.getReader();
    await reader.read();
    await reader.cancel();
    resolve();
    while (!left) await new Promise((later) => setImmediate(later));
    expect(record.edits.length).toBeLessThanOrEqual(1);
  });

  it('passes on at once that its consumer leaves, while an event is under way', async () => {
    let returned = false;
    const iterator = await signed({
      next: () => new Promise<never>(() => undefined),
      return: () => {
        returned = true;
        return Promise.resolve({ done: true, value: undefined });
      },
    });
    void iterator.next();
    await iterator.return?.();
    expect(returned).toBe(true);
  });

  it('leaves a handler whose result it cannot sign, though that does not care', async () => {
    let returned = false;
    const iterator = await signed({
      next: () => Promise.resolve({ done: false, value: done('text') }),
      return: () => {
        returned = true;
        return Promise.reject(new Error('does not want to'));
      },
    });
    await expect(iterator.next()).rejects.toMatchObject({ code: 'ERR_SIGNING_CONTENT' });
    expect(returned).toBe(true);
  });

  /** What comes out of the interceptor for a handler's events, without Nest, which closes what is left behind. */
  async function signed(
    events: AsyncIterator<AgentEvent<unknown>>,
  ): Promise<AsyncIterator<AgentEvent<unknown>>> {
    const interceptor = new SignResponseInterceptor(new AnswerSigner(GATEWAY, svid), {
      of: () => ({ answered: answered('/'), record }),
    });
    const execution = { switchToHttp: () => ({ getRequest: () => ({}) }) } as ExecutionContext;
    const handler = { handle: () => of({ [Symbol.asyncIterator]: () => events }) };
    const out = (await lastValueFrom(interceptor.intercept(execution, handler))) as Events;
    return out[Symbol.asyncIterator]();
  }
});
