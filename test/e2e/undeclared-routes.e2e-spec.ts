import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module } from '@nestjs/common';
import { defineAgent } from '@mesh/agent/nest';
import { Action } from '@mesh/identity/nest';
import { request } from 'undici';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest } from './agents-under-test.js';

@Controller()
class ReadController {
  @Get('read')
  @Action('raw:read', { delegated: false })
  read(): object {
    return {};
  }
}

@Module({ controllers: [ReadController] })
class ReadModule {}

let mesh: RunningAgents;
beforeAll(async () => {
  const peers = defineAgent({
    name: 'raw',
    listener: 'peers',
    module: () => ReadModule,
    publicPaths: ['/open'],
    configure: (app) => {
      const fastify = app.getHttpAdapter().getInstance();
      for (const path of ['/raw', '/open', '/open/below', '/opened']) {
        fastify.get(path, async () => ({ path }));
      }
    },
  });
  const file =
    '{ name: raw, identity: /raw, port: 4090, actions: { raw:read: { callers: [gateway], delegated: false } } }';
  mesh = await RunningAgents.start([...agentsUnderTest(), { definition: peers, file }]);
});
afterAll(() => mesh.close());

/** A route that a plugin, or an agent's own `configure`, has added past the controllers: no guard of Nest runs for it. */
describe('a route without a controller', () => {
  it.each([
    ['/raw', 403, 'ERR_ROUTE_UNDECLARED'],
    ['/opened', 403, 'ERR_ROUTE_UNDECLARED'],
    ['/open', 200, undefined],
    ['/open/below', 200, undefined],
    ['/nothing', 404, 'ERR_ROUTE_NOT_FOUND'],
  ])('%s is %d for a peer that may call the agent', async (path, status, code) => {
    const pool = await mesh.poolAs('gateway', 'raw');
    const response = await pool.request({ method: 'GET', path });
    expect(response.status).toBe(status);
    expect(((await response.body.json()) as { code?: string }).code).toBe(code);
  });

  it.each([
    ['/docs/', 200],
    ['/docs/swagger-ui-init.js', 200],
    ['/docs/oauth2-redirect.html', 200],
    ['/openapi.json', 200],
  ])('%s of the gateway is for everybody', async (path, status) => {
    const { statusCode, body } = await request(`${mesh.agent('gateway').url}${path}`);
    await body.dump();
    expect(statusCode).toBe(status);
  });
});
