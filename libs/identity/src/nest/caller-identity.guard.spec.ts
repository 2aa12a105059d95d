import 'reflect-metadata';
import { afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Catch, Controller, Get, Post, type ArgumentsHost } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, HttpAdapterHost, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { MeshError } from '@mesh/errors';
import { SpiffeId } from '@mesh/spiffe';
import { mintCa, type MintedCa } from '@test/kit';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { bundleOf, svidOf, TestSource } from '../../test/workload.js';
import { authorizeAny } from '../authorizer.js';
import { createMtlsPool } from '../tls/mtls-pool.js';
import { createMtlsServer } from '../tls/mtls-server.js';
import type { PeerIdentity } from '../tls/peer-identity.js';
import { Action, Public, routeDeclaration, SignedIn } from './action.decorator.js';
import {
  actionOf,
  admitSignedIn,
  CallerIdentityGuard,
  type HttpRequest,
} from './caller-identity.guard.js';
import { admits, CALLER_POLICY, type CallerPolicy } from './caller-policy.js';
import { Caller } from './caller.decorator.js';
import type { CallerError } from './caller.error.js';

interface Depth {
  depth: string;
}

@Controller()
class Routes {
  @Action('draft:write')
  @Post('draft')
  draft(@Caller() caller: PeerIdentity): string {
    return caller.id.toString();
  }

  @Action<Depth>(['research:fast', 'research:deep'], { pick: ({ depth }) => `research:${depth}` })
  @Post('research')
  research(@Body() body: object): string {
    return JSON.stringify(body);
  }

  @SignedIn('draft:write')
  @Post('people')
  people(): string {
    return 'served';
  }

  @Public()
  @Get('public')
  open(@Caller() caller: PeerIdentity | undefined): string {
    return caller?.id.toString() ?? 'nobody';
  }

  @Get('undeclared')
  undeclared(): string {
    return 'never';
  }
}

@Catch()
class CodeFilter {
  constructor(private readonly host: HttpAdapterHost) {}

  catch(error: MeshError, context: ArgumentsHost): void {
    const response: unknown = context.switchToHttp().getResponse();
    this.host.httpAdapter.reply(response, { code: error.code }, error.status ?? 500);
  }
}

const policy: CallerPolicy = {
  allows: (action, caller) => caller.path === `/${action.replace(':', '-')}`,
};

let ca: MintedCa;
beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'a.test' });
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function agent(): Promise<string> {
  const source = new TestSource(await svidOf(ca, '/server'), bundleOf('a.test', ca));
  const adapter = new FastifyAdapter({
    serverFactory: (handler: RequestListener) =>
      createMtlsServer(source, source, authorizeAny(), {}, handler),
  });
  class App {}
  const app = await NestFactory.create<NestFastifyApplication>(
    {
      module: App,
      controllers: [Routes],
      providers: [
        { provide: APP_GUARD, useClass: CallerIdentityGuard },
        { provide: APP_FILTER, useClass: CodeFilter },
        { provide: CALLER_POLICY, useValue: policy },
      ],
    },
    adapter,
    { logger: false },
  );
  await app.listen(0, '127.0.0.1');
  cleanups.push(() => app.close());
  return `https://127.0.0.1:${(app.getHttpServer().address() as AddressInfo).port}`;
}

async function call(
  path: string,
  { as, body, method = 'POST' }: { as: string; body?: object; method?: string },
): Promise<{ status: number; text: string }> {
  const origin = await agent();
  const source = new TestSource(await svidOf(ca, as), bundleOf('a.test', ca));
  const pool = createMtlsPool(origin, source, source, authorizeAny());
  cleanups.push(() => pool.destroy());
  const response = await pool.request({
    method,
    path,
    // Never believed.
    headers: { 'content-type': 'application/json', 'x-spiffe-id': 'spiffe://a.test/draft-write' },
    body: method === 'GET' ? null : JSON.stringify(body ?? {}),
  });
  return { status: response.status, text: await response.body.text() };
}

describe('CallerIdentityGuard', () => {
  it('lets a caller in that the policy allows', async () => {
    const { status, text } = await call('/draft', { as: '/draft-write' });
    expect(status).toBe(201);
    expect(text).toBe('spiffe://a.test/draft-write');
  });

  it('refuses any other, whatever its headers say', async () => {
    const { status, text } = await call('/draft', { as: '/stranger' });
    expect(status).toBe(403);
    expect(JSON.parse(text)).toEqual({ code: 'ERR_CALLER_DENIED' });
  });

  it('decides by the action that the body asks for', async () => {
    const body = { depth: 'deep' };
    expect(await call('/research', { as: '/research-deep', body })).toMatchObject({ status: 201 });
    expect(await call('/research', { as: '/research-fast', body })).toMatchObject({ status: 403 });
  });

  it('refuses a body that asks for an action the route does not have', async () => {
    const { status, text } = await call('/research', {
      as: '/research-other',
      body: { depth: 'other' },
    });
    expect(status).toBe(403);
    expect(JSON.parse(text)).toEqual({ code: 'ERR_ROUTE_UNDECLARED' });
  });

  it('lets anyone in on a public route', async () => {
    const { status, text } = await call('/public', { as: '/stranger', method: 'GET' });
    expect(status).toBe(200);
    expect(text).toBe('spiffe://a.test/stranger');
  });

  it('refuses every workload on a route for people', async () => {
    const { status, text } = await call('/people', { as: '/draft-write' });
    expect(status).toBe(403);
    expect(JSON.parse(text)).toEqual({ code: 'ERR_CALLER_DENIED' });
  });

  it('refuses everyone on a route that declares nothing', async () => {
    const { status, text } = await call('/undeclared', { as: '/draft-write', method: 'GET' });
    expect(status).toBe(403);
    expect(JSON.parse(text)).toEqual({ code: 'ERR_ROUTE_UNDECLARED' });
  });

  const guard = new CallerIdentityGuard({ allows: () => true });
  const contextOf = (type: string, request: HttpRequest, handler: object) =>
    ({
      getType: () => type,
      getHandler: () => handler,
      switchToHttp: () => ({ getRequest: () => request }),
    }) as never;

  it('refuses a connection without a verified peer', () => {
    const context = contextOf('http', { socket: {} }, Routes.prototype.draft);
    expect(() => guard.canActivate(context)).toThrow(
      expect.objectContaining({ code: 'ERR_CALLER_DENIED' } satisfies Partial<CallerError>),
    );
  });

  it('refuses what is not HTTP', () => {
    const context = contextOf('ws', { socket: {} }, Routes.prototype.open);
    expect(() => guard.canActivate(context)).toThrow(
      expect.objectContaining({ code: 'ERR_ROUTE_UNDECLARED' }),
    );
  });

  it('lets a person in on a route for people whom the guard of sign-in has admitted', () => {
    const request: HttpRequest = { socket: {} };
    const context = contextOf('http', request, Routes.prototype.people);
    expect(() => guard.canActivate(context)).toThrow(
      expect.objectContaining({ code: 'ERR_CALLER_DENIED' }),
    );
    admitSignedIn(request, 'draft:write');
    expect(guard.canActivate(context)).toBe(true);
    expect(actionOf(request)).toBe('draft:write');
  });

  it('says nothing of the action of a request that it did not see', () => {
    expect(actionOf({ socket: {} })).toBeUndefined();
  });
});

describe('@Action and @SignedIn', () => {
  const decorated = (...decorators: MethodDecorator[]) => {
    const descriptor = { value: () => undefined };
    for (const decorator of decorators) decorator({}, 'route', descriptor);
    return routeDeclaration(descriptor.value);
  };

  it('declare one action, or several and which one is asked for', () => {
    const pick = (body: Depth) => body.depth;
    const transaction = ({ depth }: Depth) => ({ depth });
    for (const [declare, own] of [
      [Action, { kind: 'action', delegated: true }],
      [SignedIn, { kind: 'signed-in' }],
    ] as const) {
      expect(decorated(declare('a:b'))).toEqual({ ...own, names: ['a:b'] });
      expect(decorated(declare(['a:b', 'a:c'], { pick, transaction }))).toEqual({
        ...own,
        names: ['a:b', 'a:c'],
        pick,
        transaction,
      });
    }
    expect(decorated(Action('a:b', { delegated: false }))).toMatchObject({ delegated: false });
    expect(decorated(SignedIn())).toEqual({ kind: 'person', role: undefined });
    expect(decorated(SignedIn({ role: 'admin' }))).toEqual({ kind: 'person', role: 'admin' });
    expect(decorated(Public())).toEqual({ kind: 'public' });
    expect(decorated()).toBeUndefined();
  });

  it.each([Action, SignedIn])('take no other form', (declare) => {
    expect(() => declare([])).toThrow(TypeError);
    expect(() => declare(['a:b', 'a:c'])).toThrow(TypeError);
    expect(() => declare('a:b', { pick: () => 'a:b' })).toThrow(TypeError);
    expect(() => decorated(declare('a:b'), Public())).toThrow(TypeError);
    expect(() => decorated(Action('a:b'), declare('a:b'))).toThrow(TypeError);
  });
});

describe('admits', () => {
  const declaration = {
    kind: 'action',
    names: ['a:b', 'a:c'],
    pick: () => 'a:b',
    delegated: true,
    transaction: undefined,
  } as const;
  const id = (path: string) => SpiffeId.parse(`spiffe://a.test${path}`);

  it('is whether any action of the route is open to the caller', () => {
    expect(admits(declaration, policy, id('/a-c'))).toBe(true);
    expect(admits(declaration, policy, id('/a-d'))).toBe(false);
    expect(admits(declaration, policy, undefined)).toBe(false);
  });

  it('is false of a route for people: workloads are none', () => {
    const people = { ...declaration, kind: 'signed-in' } as const;
    expect(admits(people, policy, id('/a-b'))).toBe(false);
  });

  it('is true of a public route and false of one that declares nothing', () => {
    expect(admits({ kind: 'public' }, policy, undefined)).toBe(true);
    expect(admits(undefined, policy, id('/a-b'))).toBe(false);
  });
});
