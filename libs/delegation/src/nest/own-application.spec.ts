import 'reflect-metadata';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Catch, Controller, Module, Post, type ArgumentsHost } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, HttpAdapterHost, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { RequestContext } from '@mesh/contracts';
import type { MeshError } from '@mesh/errors';
import { authorizeMemberOf, createMtlsPool, createMtlsServer } from '@mesh/identity';
import { Action, CALLER_POLICY, CallerIdentityGuard, type CallerPolicy } from '@mesh/identity/nest';
import { mintCa, type MintedCa } from '@test/kit';
import {
  bundleOf,
  firstToken,
  gateway,
  svidOf,
  trustDomain,
  tts,
  writer,
} from '../../test/domain.js';
import { DeclaredExchangePolicy } from '../exchange/exchange-policy.js';
import { TxnTokenVerifier } from '../txn-token/verify-txn-token.js';
import { DelegatedUser, type DelegatedPerson } from './delegated-user.decorator.js';
import { DELEGATION_RULES, DelegationGuard, type DelegationRules } from './delegation.guard.js';

declare module 'fastify' {
  interface FastifyRequest {
    meshContext?: RequestContext;
  }
}

@Controller('v1/notes')
class NotesController {
  @Post()
  @Action('draft:write', {
    transaction: ({ depth }: { depth: string }) => ({ depth }),
  })
  write(@DelegatedUser() { userId }: DelegatedPerson, @Body() _note: object): object {
    return { userId };
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

let ca: MintedCa;
let app: NestFastifyApplication;
const contexts: RequestContext[] = [];

const sourceOf = async (id: typeof writer) => {
  const svid = await svidOf(ca, id);
  const bundle = bundleOf(ca);
  return {
    getX509Svid: () => svid,
    getX509BundleForTrustDomain: () => bundle,
    x509Bundles: () => [bundle],
    onUpdate: () => () => undefined,
  };
};

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test' });
  const source = await sourceOf(writer);
  const callers: CallerPolicy = {
    allows: (action, caller) => action === 'draft:write' && caller.equals(gateway),
  };
  const rules: DelegationRules = {
    self: writer,
    verifier: new TxnTokenVerifier({ bundles: source, issuer: tts, audience: trustDomain }),
    policy: new DeclaredExchangePolicy({
      edges: [],
      actsFor: [{ agent: writer, roles: ['analyst'] }],
    }),
    naming: 'pseudonym',
  };

  @Module({
    controllers: [NotesController],
    providers: [
      { provide: CALLER_POLICY, useValue: callers },
      { provide: DELEGATION_RULES, useValue: rules },
      { provide: APP_GUARD, useClass: CallerIdentityGuard },
      { provide: APP_GUARD, useClass: DelegationGuard },
      { provide: APP_FILTER, useClass: CodeFilter },
    ],
  })
  class AppModule {}

  app = await NestFactory.create<NestFastifyApplication>(
    AppModule,
    new FastifyAdapter({
      serverFactory: (handler: RequestListener) =>
        createMtlsServer(source, source, authorizeMemberOf(trustDomain), {}, handler),
    }),
    { logger: false },
  );
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', (request, _reply, done) => {
      request.meshContext = {
        agent: 'notes',
        correlationId: request.id,
        traceparent: '00-00000000000000000000000000000001-0000000000000001-00',
        traceId: '00000000000000000000000000000001',
        deadline: Date.now() + 600_000,
        signal: new AbortController().signal,
      };
      contexts.push(request.meshContext);
      done();
    });
  await app.listen(0, '127.0.0.1');
});
afterAll(() => app.close());

async function call(
  headers: Record<string, string>,
  { as = gateway, depth = 'deep' } = {},
): Promise<{ status: number; body: unknown }> {
  const source = await sourceOf(as);
  const { port } = app.getHttpServer().address() as AddressInfo;
  const pool = createMtlsPool(
    `https://127.0.0.1:${port}`,
    source,
    source,
    authorizeMemberOf(trustDomain),
  );
  try {
    const response = await pool.request({
      method: 'POST',
      path: '/v1/notes',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify({ depth }),
    });
    return { status: response.status, body: JSON.parse(await response.body.text()) as unknown };
  } finally {
    await pool.destroy();
  }
}

const tokenOf = async (roles: readonly string[] = ['analyst']) => {
  const token = firstToken(await svidOf(ca, tts), new Date(), { access: { roles } });
  return { 'txn-token': token.reveal() };
};

describe('the guards in an application of its own, without libs/agent', () => {
  it('let in who has a token that holds, and say for whom', async () => {
    expect(await call(await tokenOf())).toEqual({ status: 201, body: { userId: 'pseudonym' } });
    const { delegation, deadline } = contexts.at(-1)!;
    expect(delegation).toMatchObject({ userId: 'pseudonym', actors: [gateway.toString()] });
    expect(deadline).toBeLessThanOrEqual(Date.now() + 300_000);
  });

  it.each([
    ['without a token', async () => call({}), 401, 'ERR_TOKEN_MISSING'],
    [
      'from who may not call',
      async () => call(await tokenOf(), { as: tts }),
      403,
      'ERR_CALLER_DENIED',
    ],
    [
      'for a person it may not act for',
      async () => call(await tokenOf(['reader'])),
      403,
      'ERR_TOKEN_PERSON',
    ],
    [
      'for something else than is asked',
      async () => call(await tokenOf(), { depth: 'fast' }),
      403,
      'ERR_TOKEN_TRANSACTION',
    ],
  ])('refuse a request %s', async (_, refused, status, code) => {
    expect(await refused()).toEqual({ status, body: { code } });
  });
});
