import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Browser } from '../kit/browser.js';
import { mintCa } from '../kit/index.js';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

let folder: string;
let mesh: RunningAgents;
let ca: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
  const authority = await mintCa({ trustDomain: 'example.org' });
  ca = authority.certificatePem;
  const { chainPem, keyPem } = await authority.issue({ uris: [], dnsNames: ['mesh.localhost'] });
  writeFileSync(join(folder, 'cert.pem'), chainPem);
  writeFileSync(join(folder, 'key.pem'), keyPem, { mode: 0o600 });
  mesh = await RunningAgents.start(
    agentsUnderTest({ search: new ScriptedSearch(), model: new ScriptedModel() }),
    {
      env: {
        MESH_TLS: 'files',
        MESH_TLS_CERTIFICATE: join(folder, 'cert.pem'),
        MESH_TLS_KEY: join(folder, 'key.pem'),
      },
    },
  );
});
afterAll(async () => {
  await mesh.close();
  rmSync(folder, { recursive: true });
});

const browser = () => mesh.browser('gateway', undefined, ca);
const cookieNames = ({ cookies }: Browser) => [...cookies.get('mesh.localhost')!.keys()];

describe('a mesh that is opened by TLS', () => {
  it('signs in, answers and signs out', async () => {
    const person = browser();
    expect(person.origin).toMatch(/^https:\/\/mesh\.localhost:\d+$/);
    await person.signIn('analyst');
    const me = await person.fetch('/v1/me');
    expect([me.status, me.json()]).toEqual([200, expect.objectContaining({ account: 'analyst' })]);
    const answer = await person.fetch('/v1/research', {
      method: 'POST',
      body: JSON.stringify({ question: 'What is an SVID?' }),
    });
    expect(answer.status).toBe(200);
    expect((await person.fetch('/sign-out', { method: 'POST' })).status).toBe(200);
    expect((await person.fetch('/v1/me')).status).toBe(401);
  });

  it('gives cookies that are bound to its very host, and go by TLS alone', async () => {
    const person = browser();
    const start = await person.send('/sign-in');
    const callback = await person.throughIssuer(start.location!, 'analyst');
    const end = await person.send(callback);
    for (const { headers } of [start, end]) {
      const cookies = [headers['set-cookie'] ?? []].flat();
      expect(cookies.length).toBeGreaterThan(0);
      for (const cookie of cookies) {
        expect(cookie).toMatch(/^__Host-mesh-/);
        expect(cookie).toMatch(/; Secure(;|$)/);
        expect(cookie).toMatch(/; HttpOnly(;|$)/);
        expect(cookie).toMatch(/; Path=\/(;|$)/);
        expect(cookie).not.toMatch(/domain/i);
      }
    }
    expect(cookieNames(person)).toContain('__Host-mesh-session');
  });

  it('takes no change from its own address without TLS', async () => {
    const person = browser();
    await person.signIn('analyst');
    const origin = person.origin.replace('https:', 'http:');
    const out = await person.fetch('/sign-out', { method: 'POST', headers: { origin } });
    expect([out.status, out.json()]).toEqual([
      403,
      expect.objectContaining({ code: 'ERR_CSRF_ORIGIN' }),
    ]);
  });
});
