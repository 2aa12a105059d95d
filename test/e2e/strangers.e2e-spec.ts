import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DiscoveryService } from '@nestjs/core';
import { RouteTable } from '@mesh/agent/nest';
import { researchTransaction } from '@mesh/contracts';
import { digestOfText } from '@mesh/delegation';
import { mtlsClientOptions, authorizeAny } from '@mesh/identity';
import { agent as gateway } from '../../apps/gateway/src/agent.js';
import { agent as researcher } from '../../apps/researcher/src/agent.js';
import { agent as writer } from '../../apps/writer/src/agent.js';
import { RunningAgents } from '../kit/running-agents.js';

const definitions = [gateway, researcher, writer];
const underTest = definitions.map((definition) => ({
  definition,
  file: readFileSync(
    join(import.meta.dirname, '../../apps', definition.name, 'agent.yaml'),
    'utf8',
  ),
}));

let mesh: RunningAgents;

beforeAll(async () => {
  mesh = await RunningAgents.start(underTest);
});
afterAll(() => mesh.close());

describe('a stranger with a valid SVID', () => {
  const peers = ['researcher', 'writer', 'tts'];

  it.each(peers)('is denied on every route of %s', async (name) => {
    const routes = new RouteTable(
      mesh.agent(name).app.get(DiscoveryService, { strict: false }),
    ).all();
    expect(routes.length).toBeGreaterThan(0);
    const pool = await mesh.poolAs('stranger', name);
    for (const { method, path } of routes) {
      const response = await pool.request({
        method,
        path,
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      expect({ path, status: response.status }).toEqual({ path, status: 403 });
      expect(JSON.parse(await text(response.body))).toMatchObject({ code: 'ERR_CALLER_DENIED' });
    }
  });

  it.each(peers)('does not learn which routes %s has', async (name) => {
    const pool = await mesh.poolAs('stranger', name);
    for (const path of ['/', '/docs', '/openapi.json', '/health', '/metrics', '/v1/none']) {
      const response = await pool.request({ method: 'GET', path });
      expect({ path, status: response.status }).toEqual({ path, status: 403 });
      await response.body.dump();
    }
  });

  it.each([
    ['gateway', 'writer', '/v1/drafts'],
    ['writer', 'researcher', '/v1/research'],
    ['researcher', 'researcher', '/v1/research'],
    ['writer', 'tts', '/token'],
    ['tts', 'writer', '/v1/drafts'],
  ])('is as little let in where it is the %s calling the %s', async (caller, called, path) => {
    const pool = await mesh.poolAs(caller, called);
    const response = await pool.request({
      method: 'POST',
      path,
      headers: {
        'content-type': 'application/json',
        'x-forwarded-client-cert': 'URI=spiffe://mesh.test/ns/agents/sa/gateway',
      },
      body: '{"question":"?","notes":[],"sources":[]}',
    });
    expect(response.status).toBe(403);
    expect(JSON.parse(await text(response.body))).toMatchObject({ code: 'ERR_CALLER_DENIED' });
  });

  it('gets its 403 although it sends 10 MB, of which at most 128 KiB are read', async () => {
    const source = await mesh.source('stranger');
    const { hostname, port } = new URL(mesh.agent('writer').url);
    const accepted = once(
      mesh.agent('writer').app.getHttpServer() as NodeJS.EventEmitter,
      'secureConnection',
    );
    const socket = connect({
      ...mtlsClientOptions(source, source, authorizeAny()),
      host: hostname,
      port: Number(port),
    });
    const [serverSide] = (await accepted) as [TLSSocket];
    const body = Buffer.alloc(10 * 1024 * 1024, 'x');
    socket.on('error', () => undefined); // the connection is cut while we still write
    socket.write(
      `POST /v1/drafts HTTP/1.1\r\nHost: writer\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    const closed = once(serverSide, 'close');
    const answer = await text(socket).catch((error: unknown) => String(error));
    expect(answer).toMatch(/^HTTP\/1\.1 403 Forbidden\r\n/);
    expect(answer).toContain('"code":"ERR_CALLER_DENIED"');
    await closed;
    expect(serverSide.bytesRead).toBeLessThanOrEqual(128 * 1024);
  });
});

describe('the declared callers', () => {
  const question = 'What is an SVID?';
  const details = researchTransaction({ question }, digestOfText);
  const draft = { question, notes: [], sources: [] };

  it.each([
    ['gateway', 'researcher', '/v1/research', { question }, 'research:fast draft:write', []],
    ['researcher', 'writer', '/v1/drafts', draft, 'draft:write', ['gateway']],
  ])('%s may call %s', async (caller, called, path, body, scope, through) => {
    const pool = await mesh.poolAs(caller, called);
    const response = await pool.request({
      method: 'POST',
      path,
      headers: {
        'content-type': 'application/json',
        ...(await mesh.delegation(caller, scope, { details, through })),
      },
      body: JSON.stringify(body),
    });
    expect(response.status).toBe(200);
    expect(JSON.parse(await text(response.body))).toMatchObject({ model: { used: false } });
  });
});
