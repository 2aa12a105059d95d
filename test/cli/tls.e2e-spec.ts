import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Agent, request } from 'undici';
import { LoopbackCa } from '@mesh/authority';
import { linesOf, Sandbox, type Running } from './program.js';

jest.setTimeout(90_000);

const QUESTION = 'How does a workload get its SVID?';
const TLS = { MESH_TLS: 'loopback' };

let sandbox: Sandbox;

beforeEach(() => {
  sandbox = new Sandbox();
});
afterEach(() => sandbox.close());

const kept = (name: string) => join(sandbox.state, 'tls', name);

/** What a client that trusts the CA in the state folder gets. */
async function get(mesh: Running, path: string): Promise<number> {
  const [, url] = /^Ready: (https:\/\/127\.0\.0\.1:\d+) /m.exec(mesh.stderr)!;
  const dispatcher = new Agent({ connect: { ca: readFileSync(kept('ca.pem'), 'utf8') } });
  try {
    const { statusCode, body } = await request(`${url}${path}`, { dispatcher });
    await body.dump();
    return statusCode;
  } finally {
    await dispatcher.destroy();
  }
}

describe('a mesh with TLS on this machine', () => {
  it.each([['all in one', []] as const, ['split', ['--split']] as const])(
    'serves it %s, answers questions by it, and says how it is',
    async (_shape, flags) => {
      const mesh = await sandbox.up(flags, { env: TLS });
      expect(mesh.stderr).toMatch(/^Open: .*https:\/\/mesh\.localhost:\d+/m);
      expect(await get(mesh, '/v1/trust')).toBe(200);

      const asked = await sandbox.run(['ask', QUESTION], { env: TLS });
      expect(asked.stderr).not.toContain('Starting a mesh');
      expect(asked).toMatchObject({ code: 0, stdout: expect.stringContaining('Verified:') });

      const status = await sandbox.run(['status', '--json']);
      expect(status.code).toBe(0);
      const { gatewayUrl, gatewayCertificate, agents } = JSON.parse(status.stdout) as {
        gatewayUrl: string;
        gatewayCertificate: string;
        agents: { name: string; details: Record<string, { status: string }> }[];
      };
      expect(gatewayUrl).toMatch(/^https:\/\/127\.0\.0\.1:/);
      expect(gatewayCertificate).toBe(kept('loopback.pem'));
      const gateway = agents.find(({ name }) => name === 'gateway')!;
      expect(gateway.details['certificate']).toMatchObject({ status: 'up' });

      const { stdout } = await sandbox.run(['doctor'], { env: TLS });
      expect(stdout).toContain(`✔ TLS: ${kept('loopback.pem')} until `);
      expect(stdout).toContain(`a browser takes it once it trusts ${kept('ca.pem')}`);
    },
  );

  it('takes a renewed certificate while it runs', async () => {
    const mesh = await sandbox.up(['--log-format', 'json'], { env: TLS });
    const ca = LoopbackCa.parse({
      certificate: readFileSync(kept('ca.pem'), 'utf8'),
      key: readFileSync(kept('ca-key.pem'), 'utf8'),
    });
    const renewed = ca.issue(Date.now());
    writeFileSync(kept('loopback-key.pem'), renewed.key);
    writeFileSync(kept('loopback.pem'), renewed.certificate);
    await mesh.until('stdout', /the certificate was replaced/);
    expect(await get(mesh, '/v1/trust')).toBe(200);
    const asked = await sandbox.run(['ask', QUESTION]);
    expect(asked).toMatchObject({ code: 0, stdout: expect.stringContaining('Verified:') });
    expect(linesOf(mesh.stdout).filter(({ event }) => event === 'tls.refused')).toEqual([]);
  });

  it('asks in one command too, and leaves the CA for the next', async () => {
    const first = await sandbox.run(['ask', QUESTION], { env: TLS });
    expect(first).toMatchObject({ code: 0, stdout: expect.stringContaining('Verified:') });
    const ca = readFileSync(kept('ca.pem'), 'utf8');
    await sandbox.run(['ask', QUESTION], { env: TLS });
    expect(readFileSync(kept('ca.pem'), 'utf8')).toBe(ca);
  });

  it('is told of to agents that are started one by one', async () => {
    const infra = sandbox.start(['infra'], { env: TLS });
    await infra.until('stderr', /Stop: Ctrl-C/);
    expect(infra.stderr).toMatch(/MESH_TLS=loopback .*npx nest start gateway/);
    expect(infra.stderr).toMatch(/^Open, .*https:\/\/mesh\.localhost:\d+/m);
    const doctor = await sandbox.run(['doctor'], { env: TLS });
    expect(doctor.stdout).toContain(`✔ TLS: ${kept('loopback.pem')}`);
  });
});

describe('what cannot be', () => {
  it.each([
    [{ MESH_TLS: 'on' }, /^mesh: MESH_TLS must be one of off, loopback, files\./],
    [{ MESH_TLS: 'files' }, /^mesh: MESH_TLS=files needs MESH_TLS_CERTIFICATE and MESH_TLS_KEY/],
    [{ MESH_TLS_KEY: '/x' }, /^mesh: MESH_TLS_CERTIFICATE and MESH_TLS_KEY are read with/],
    [
      { MESH_TLS: 'files', MESH_TLS_CERTIFICATE: '/none.pem', MESH_TLS_KEY: '/none.pem' },
      /^mesh: \/none\.pem does not exist\. Name a file that is there.*\(ERR_TLS_FILE_UNREADABLE\)/,
    ],
    [{ MESH_BIND: '0.0.0.0' }, /^mesh: gateway serves people over plain HTTP.*set MESH_TLS=files/],
    [{ MESH_PUBLIC_URL: 'http://mesh.example.org' }, /^mesh: MESH_PUBLIC_URL must be an origin/],
    [
      { MESH_TLS: 'loopback', MESH_PUBLIC_URL: 'https://mesh.example.org' },
      /^mesh: The certificate of MESH_TLS=loopback is for this machine alone/,
    ],
  ] as const)('%j ends the start with what to do', async (env, line) => {
    const { code, stderr } = await sandbox.run(['up', '--log-level', 'silent'], { env });
    expect(code).toBe(1);
    const last = stderr.trim().split('\n').at(-1);
    expect(last).toMatch(line);
  });

  it('doctor says of files what is wrong with them', async () => {
    const env = { MESH_TLS: 'files', MESH_TLS_CERTIFICATE: '/none.pem', MESH_TLS_KEY: '/none.pem' };
    const { code, stdout } = await sandbox.run(['doctor'], { env });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✘ TLS: \/none\.pem does not exist\..*\(ERR_TLS_FILE_UNREADABLE\)$/m);
  });

  it('doctor says that nothing is to be trusted without TLS, or before the first start', async () => {
    expect((await sandbox.run(['doctor'])).stdout).toMatch(/^✔ TLS: off: .*on loopback alone/m);
    expect((await sandbox.run(['doctor'], { env: TLS })).stdout).toMatch(
      /^– TLS: the certificate for this machine is made at the first start$/m,
    );
  });
});
