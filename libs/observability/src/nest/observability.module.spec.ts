import { Writable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  Controller,
  Logger as NestStaticLogger,
  Module,
  Post,
  type INestApplication,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { PinoLogger } from 'nestjs-pino';
import { createLogger, type Logger } from '../logger.js';
import { MeshMetrics } from '../mesh-metrics.js';
import { runInContext } from '../request-context.js';
import { LOGGER, NestLogger, ObservabilityModule } from './index.js';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- parsed JSON, looked into by expectations
type Line = Record<string, any>;

const MARKER = 'planted-secret-4711';
const lines: Line[] = [];
const logger = createLogger({
  level: 'debug',
  format: 'json',
  destination: new Writable({
    write(chunk: Buffer, _, done) {
      lines.push(JSON.parse(chunk.toString()) as Line);
      done();
    },
  }),
});

@Controller()
class EchoController {
  private readonly log = new NestStaticLogger('Echo');

  @Post('echo')
  echo(): string {
    this.log.log('asked');
    return 'ok';
  }
}

const metrics = new MeshMetrics();

@Module({
  imports: [ObservabilityModule.register({ logger, metrics })],
  controllers: [EchoController],
})
class TestModule {}

describe('ObservabilityModule', () => {
  let app: INestApplication;
  let url: string;

  beforeAll(async () => {
    const adapter = new FastifyAdapter();
    const fastify = adapter.getInstance();
    const context = {
      agent: 'writer',
      correlationId: 'correlation-1',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      traceId: '0af7651916cd43dd8448eb211c80319c',
      deadline: 0,
      signal: new AbortController().signal,
    };
    fastify.addHook('onRequest', (_request, _reply, done) => runInContext(context, done));
    fastify.addHook('preValidation', (_request, _reply, done) => runInContext(context, done));
    app = await NestFactory.create<NestFastifyApplication>(TestModule, adapter, {
      bufferLogs: true,
    });
    app.useLogger(app.get(NestLogger));
    await app.listen(0, '127.0.0.1');
    url = await app.getUrl();
  });
  afterAll(() => app.close());

  it('injects the very logger and metrics it was given', async () => {
    expect(app.get<Logger>(LOGGER)).toBe(logger);
    expect(app.get(MeshMetrics)).toBe(metrics);
    (await app.resolve(PinoLogger)).info('by PinoLogger');
    expect(lines.at(-1)).toMatchObject({ msg: 'by PinoLogger', level: 'info' });
  });

  it('writes the boot lines of NestJS at debug', () => {
    const boot = lines.filter((line) => line['context'] === 'InstanceLoader');
    expect(boot.length).toBeGreaterThan(0);
    expect(boot.every((line) => line['level'] === 'debug')).toBe(true);
  });

  it('logs by NestJS’ logger in the request’s context after a body was read, without headers or body', async () => {
    const before = lines.length;
    const response = await fetch(`${url}/echo`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-key': MARKER },
      body: JSON.stringify({ question: MARKER.repeat(10_000) }),
    });
    expect(response.status).toBe(201);
    const written = lines.slice(before);
    expect(written).toHaveLength(1);
    expect(written[0]).toMatchObject({
      msg: 'asked',
      level: 'info',
      context: 'Echo',
      agent: 'writer',
      correlation_id: 'correlation-1',
    });
    expect(JSON.stringify(written)).not.toContain(MARKER);
  });

  it('logs an error with its stack as fields', () => {
    app.get(NestLogger).error(new Error('boot failed'), 'ExceptionHandler');
    expect(lines.at(-1)).toMatchObject({ level: 'error', err: { message: 'boot failed' } });
  });
});
