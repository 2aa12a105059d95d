import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { mintCa, type MintedCa } from '@test/kit';
import { bundleOf, svidOf, TestSource } from '../../test/workload.js';
import { authorizeAny } from '../authorizer.js';
import type { X509Svid } from '../x509-svid.js';
import { createMtlsServer } from './mtls-server.js';

// Node's own client cannot be made to offer what these tests are about.
const openssl = spawnSync('openssl', ['version']).status === 0;
const [described, title] = openssl
  ? [describe, 'openssl s_client']
  : [describe.skip, 'openssl s_client (skipped: the openssl binary is not there)'];

described(title, () => {
  let directory: string;
  let server: Server;
  let source: TestSource;
  let ca: MintedCa;
  let client: X509Svid;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'mtls-'));
    ca = await mintCa({ trustDomain: 'a.test' });
    client = await svidOf(ca, '/client');
    await writeFile(join(directory, 'client.pem'), client.certificatesPem);
    await writeFile(
      join(directory, 'client.key'),
      client.privateKey.export({ type: 'pkcs8', format: 'pem' }),
    );
    source = new TestSource(await svidOf(ca, '/server'), bundleOf('a.test', ca));
    server = createMtlsServer(source, source, authorizeAny(), {}, (_request, response) => {
      response.setHeader('connection', 'close');
      response.end('served');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });

  afterAll(async () => {
    await new Promise((done) => server.close(done));
    await rm(directory, { recursive: true });
  });

  /** Makes one request by openssl; all that it printed. */
  async function request(...options: string[]): Promise<string> {
    const { port } = server.address() as AddressInfo;
    const child = spawn(
      'openssl',
      ['s_client', '-connect', `127.0.0.1:${port}`, '-cert', 'client.pem', '-key', 'client.key']
        .concat(['-ign_eof'])
        .concat(options),
      { cwd: directory },
    );
    let output = '';
    child.stdout.on('data', (data: Buffer) => (output += data.toString()));
    child.stderr.on('data', (data: Buffer) => (output += data.toString()));
    child.stdin.on('error', () => undefined);
    child.stdin.end('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await once(child, 'close');
    return output;
  }

  it('resumes no session, before and after a rotation', async () => {
    for (const rotation of [0, 1, 2]) {
      if (rotation > 0) source.update(await svidOf(ca, '/server'), bundleOf('a.test', ca));
      const session = `session-${rotation}`;
      const first = await request('-sess_out', session);
      expect(first).toContain('New, TLSv1.3');
      expect(first).toContain('served');
      const second = await request('-sess_in', session);
      expect(second).toContain('New, TLSv1.3');
      expect(second).not.toContain('Reused');
    }
  });

  it('does not get TLS 1.2, before and after a rotation', async () => {
    for (const rotation of [0, 1]) {
      if (rotation > 0) source.update(await svidOf(ca, '/server'), bundleOf('a.test', ca));
      const output = await request('-tls1_2');
      expect(output).toContain('protocol version');
      expect(output).not.toContain('served');
    }
  });
});
