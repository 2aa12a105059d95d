import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Module } from '@nestjs/common';
import { AgentDirectory, AgentFile, loadConfig } from '@mesh/agent';
import { defineAgent, startAgent, type RunningAgent } from '@mesh/agent/nest';
import { TrustDomain } from '@mesh/identity';
import { createLogger } from '@mesh/observability';
import { FileSecretSource } from '@mesh/secrets';
import { FakeWorkloadApi, mintCa, svidEntry, svidResponse } from '@test/kit';

@Module({})
class EmptyModule {}

const trustDomain = TrustDomain.parse('mesh.test');
const OWN = 'spiffe://mesh.test/ns/agents/sa/alone';
const OTHER = 'spiffe://mesh.test/ns/agents/sa/other';

let api: FakeWorkloadApi;
let folder: string;
const stop = new AbortController();
beforeEach(async () => {
  api = await FakeWorkloadApi.start();
  folder = mkdtempSync(join(tmpdir(), 'mesh-'));
});
afterEach(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The start of the agent `alone`, and its warnings. */
function start(): { running: Promise<RunningAgent>; warned: Promise<string> } {
  const { promise: warned, resolve } = Promise.withResolvers<string>();
  const running = startAgent(
    defineAgent({ name: 'alone', listener: 'peers', module: () => EmptyModule }),
    {
      config: loadConfig({ cwd: folder, env: { MESH_TRUST_DOMAIN: 'mesh.test' } }),
      directory: AgentDirectory.of(
        [AgentFile.parse('{ name: alone, identity: /ns/agents/sa/alone, port: 4090 }')],
        trustDomain,
      ),
      logger: createLogger({
        level: 'warn',
        format: 'json',
        destination: new Writable({
          write: (line: Buffer, _encoding, done) => {
            resolve(line.toString());
            done();
          },
        }),
      }),
      secrets: new FileSecretSource(join(folder, 'secrets')),
      workloadApi: api.address,
      anyPort: true,
      signal: stop.signal,
    },
  );
  return { running, warned };
}

describe('an agent of a workload that has several identities', () => {
  it('takes the one that its agent.yaml names', async () => {
    const ca = await mintCa({ trustDomain: 'mesh.test' });
    const { running } = start();
    const [other, own] = [await ca.issue({ uris: [OTHER] }), await ca.issue({ uris: [OWN] })];
    (await api.x509Svids.next()).send(
      svidResponse({
        svids: [svidEntry(other, ca.certificateDer, OTHER), svidEntry(own, ca.certificateDer, OWN)],
      }),
    );
    const agent = await running;
    const health = (await (await fetch(`${agent.managementUrl}/health/ready`)).json()) as {
      details: { identity: { spiffeId: string } };
    };
    expect(health.details.identity.spiffeId).toBe(OWN);
    await agent.close();
  });

  it('does not start under another', async () => {
    const ca = await mintCa({ trustDomain: 'mesh.test' });
    const { running, warned } = start();
    running.catch(() => undefined);
    const other = await ca.issue({ uris: [OTHER] });
    (await api.x509Svids.next()).send(
      svidResponse({ svids: [svidEntry(other, ca.certificateDer, OTHER)] }),
    );
    expect(JSON.parse(await warned)).toMatchObject({ code: 'ERR_SVID_NOT_PICKED' });
    stop.abort();
    await expect(running).rejects.toBeDefined();
  });
});
