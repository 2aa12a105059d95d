import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { SpiffeId, TrustDomain, verifyPeer, X509Source } from '@mesh/identity';
import { EmbeddedAuthority } from './embedded-authority.js';

const trustDomain = TrustDomain.parse('mesh.local');
const writer = { name: 'writer', id: SpiffeId.fromPath(trustDomain, '/ns/agents/sa/writer') };

describe('EmbeddedAuthority', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'authority-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('serves', async () => {
    const authority = await EmbeddedAuthority.start({
      trustDomain,
      directory,
      workloads: [writer],
    });
    const source = await X509Source.create({
      address: authority.socketOf('writer'),
      signal: AbortSignal.timeout(3000),
    });
    const svid = source.getX509Svid();
    expect(verifyPeer(svid.certificates, source).id.toString()).toBe(
      'spiffe://mesh.local/ns/agents/sa/writer',
    );
    source.close();
    authority.close();
  });
});
