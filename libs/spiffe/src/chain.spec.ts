import { describe, expect, it } from '@jest/globals';
import { concatenated, mintCa, type MintOptions, newKeys } from '@test/kit';
import {
  Certificate,
  spiffeIdOfLeaf,
  verifyChain,
  type VerifiedChain,
  webCryptoCheck,
} from './index.js';

const TRUST_DOMAIN = 'mesh.test';

async function verify(
  chainDer: Uint8Array,
  authorities: readonly Uint8Array[],
  at = new Date(),
): Promise<VerifiedChain> {
  const roots = authorities.map((der) => Certificate.parse(der));
  const steps = verifyChain(Certificate.parseMany(chainDer), roots, at);
  let step = steps.next();
  while (!step.done) step = steps.next(await webCryptoCheck(step.value));
  return step.value;
}

describe('verifyChain', () => {
  it('refuses no certificate at all', () => {
    expect(() => verifyChain([], [], new Date()).next()).toThrow(
      expect.objectContaining({ code: 'ERR_CHAIN_EMPTY' }),
    );
  });

  it('refuses everybody while the bundle is empty', async () => {
    const { chainDer } = await (await mintCa({ trustDomain: TRUST_DOMAIN })).issue();
    await expect(verify(chainDer, [])).rejects.toMatchObject({ code: 'ERR_CHAIN_UNTRUSTED' });
  });

  it('refuses a workload whose own certificate stands in the bundle', async () => {
    const { chainDer } = await (await mintCa({ trustDomain: TRUST_DOMAIN })).issue();
    await expect(verify(chainDer, [chainDer])).rejects.toMatchObject({
      code: 'ERR_CHAIN_UNTRUSTED',
    });
  });

  it('takes the word of a certificate that another key of that name signed it', async () => {
    const authority = await mintCa({ trustDomain: TRUST_DOMAIN });
    // AuthorityKeyIdentifier with the key identifier 01.
    const value = Uint8Array.of(0x30, 0x03, 0x80, 0x01, 0x01);
    const { chainDer } = await authority.issue({
      keyIds: false,
      extraExtensions: [{ oid: '2.5.29.35', critical: false, value }],
    });
    await expect(verify(chainDer, [authority.certificateDer])).rejects.toMatchObject({
      code: 'ERR_CHAIN_UNTRUSTED',
    });
  });

  it('compares names with constraints so many times and no more', async () => {
    const names = (count: number) => Array.from({ length: count }, (_, index) => `${index}.test`);
    const authority = await mintCa({
      trustDomain: TRUST_DOMAIN,
      nameConstraints: { excluded: { dns: names(64).map((name) => `not.${name}`) } },
    });
    // The URI and the subject are names as well.
    const enough = await authority.issue({ dnsNames: names(62) });
    await expect(verify(enough.chainDer, [authority.certificateDer])).resolves.toBeDefined();
    const more = await authority.issue({ dnsNames: names(63) });
    await expect(verify(more.chainDer, [authority.certificateDer])).rejects.toMatchObject({
      code: 'ERR_CHAIN_NAME_CONSTRAINTS',
    });
  });

  it('reads the names of no signer that the workload made up itself', async () => {
    const authority = await mintCa({ trustDomain: TRUST_DOMAIN });
    const { chainDer } = await authority.issue();
    const made = await mintCa({
      trustDomain: TRUST_DOMAIN,
      keyIds: false,
      nameConstraints: { permitted: { uri: ['elsewhere.test'] } },
    });
    await expect(
      verify(concatenated(chainDer, made.certificateDer), [authority.certificateDer]),
    ).rejects.toMatchObject({ code: 'ERR_CHAIN_SIGNATURE' });
  });

  it('says what it verified', async () => {
    const end = new Date(Math.floor(Date.now() / 1000) * 1000 + 60_000);
    const start = new Date(end.getTime() - 90_000);
    const authority = await mintCa({ trustDomain: TRUST_DOMAIN, notBefore: start });
    const signer = await authority.intermediate({ notAfter: end });
    const verified = await verify((await signer.issue()).chainDer, [authority.certificateDer]);
    expect(verified.id.toString()).toBe('spiffe://mesh.test/workload');
    expect(verified.chain.map(({ subject }) => subject)).toEqual([
      'O=SPIRE,C=US',
      'O=SPIFFE,CN=mint intermediate',
      'O=SPIFFE,CN=mint',
    ]);
    expect(verified.authority).toBe(verified.chain[2]);
    expect(verified.notAfter).toEqual(end);
    expect(verified.notBefore).toEqual(start);
    expect(Object.isFrozen(verified) && Object.isFrozen(verified.chain)).toBe(true);
  });

  it('holds validity to the second, both ends included', async () => {
    const notBefore = new Date('2030-01-01T00:00:00Z');
    const notAfter = new Date('2030-01-01T01:00:00Z');
    const authority = await mintCa({
      trustDomain: TRUST_DOMAIN,
      notBefore: new Date('2029-01-01T00:00:00Z'),
      notAfter: new Date('2031-01-01T00:00:00Z'),
    });
    const { chainDer } = await authority.issue({ notBefore, notAfter });
    const at = (time: number) => verify(chainDer, [authority.certificateDer], new Date(time));
    await expect(at(notBefore.getTime())).resolves.toBeDefined();
    await expect(at(notAfter.getTime())).resolves.toBeDefined();
    await expect(at(notBefore.getTime() - 1)).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE_NOT_YET_VALID',
    });
    await expect(at(notAfter.getTime() + 1)).rejects.toMatchObject({
      code: 'ERR_CERTIFICATE_EXPIRED',
    });
    await expect(at(Number.NaN)).rejects.toMatchObject({ code: 'ERR_CERTIFICATE_NOT_YET_VALID' });
  });

  describe('accepts', () => {
    const leaves: Record<string, MintOptions> = {
      'key P-256': {},
      'key P-384': { keyType: 'P-384' },
      'key RSA-2048': { keyType: 'RSA-2048' },
      'without extended key usage': { extendedKeyUsage: null },
      'without basicConstraints': { isCa: null },
      'with further key usages': { keyUsage: ['digitalSignature', 'keyEncipherment'] },
      'empty subject and SAN critical': { subject: '', sanCritical: true },
      'with DNS names too': { dnsNames: ['workload.test', 'a.b.test'] },
      'with an unknown extension that is not critical': {
        extraExtensions: [{ oid: '1.3.6.1.4.1.99999.1', critical: false, value: new Uint8Array() }],
      },
    };
    it.each(Object.entries(leaves))('leaf %s', async (_, options) => {
      const authority = await mintCa({ trustDomain: TRUST_DOMAIN });
      const { chainDer } = await authority.issue(options);
      const verified = await verify(chainDer, [authority.certificateDer]);
      expect(verified.chain).toHaveLength(2);
    });

    const authorities: Record<string, MintOptions & { uri?: null }> = {
      'P-256 with SHA-256': {},
      'P-256 with SHA-384': { hash: 'SHA-384' },
      'P-384 with SHA-384': { keyType: 'P-384', hash: 'SHA-384' },
      'P-384 with SHA-512': { keyType: 'P-384', hash: 'SHA-512' },
      'without SPIFFE ID': { uri: null },
      'without SPIFFE ID, its key usage not critical': { uri: null, keyUsageCritical: false },
      'of path length 0': { pathLength: 0 },
      'without key identifiers': { keyIds: false },
      'for any purpose': { extendedKeyUsage: ['2.5.29.37.0'] },
      'for both sides of TLS': { extendedKeyUsage: ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'] },
      'constrained to the trust domain': {
        nameConstraints: {
          permitted: { uri: ['elsewhere.test', 'mesh.test'] },
          excluded: { uri: ['.mesh.test'] },
        },
      },
      'constrained to what is below a name': {
        nameConstraints: { permitted: { uri: ['.test'], dns: ['.svc.test', 'workload.test'] } },
      },
      'constrained to everything': {
        nameConstraints: { permitted: { uri: [''], dns: [''] } },
      },
      'constrained to a directory': {
        nameConstraints: { permitted: { directory: ['O=SPIFFE', 'C=US'] } },
      },
      'constrained in a form that no name has': {
        nameConstraints: { permitted: { email: ['mesh.test'] }, excluded: { dns: ['svc.test'] } },
      },
    };
    it.each(Object.entries(authorities))('authority %s', async (_, options) => {
      const authority = await mintCa({ trustDomain: TRUST_DOMAIN, ...options });
      const { chainDer } = await authority.issue({
        hash: options.hash,
        dnsNames: ['workload.test'],
      });
      const verified = await verify(chainDer, [authority.certificateDer]);
      expect(verified.authority.isCa).toBe(true);
    });

    it.each(['RSA-2048', 'RSA-PSS-2048'] as const)(
      'authority %s with every hash',
      async (keyType) => {
        const keys = await newKeys(keyType);
        for (const hash of ['SHA-256', 'SHA-384', 'SHA-512'] as const) {
          const authority = await mintCa({ trustDomain: TRUST_DOMAIN, keys, hash });
          const { chainDer } = await authority.issue({ hash });
          await expect(verify(chainDer, [authority.certificateDer])).resolves.toBeDefined();
        }
      },
    );

    it('two intermediates, and path lengths that are just enough', async () => {
      const authority = await mintCa({ trustDomain: TRUST_DOMAIN, pathLength: 2 });
      const upper = await authority.intermediate({ name: 'upper', pathLength: 1 });
      const lower = await upper.intermediate({ name: 'lower', pathLength: 0 });
      const { chainDer } = await lower.issue();
      const verified = await verify(chainDer, [authority.certificateDer]);
      expect(verified.chain).toHaveLength(4);
    });

    it('eight certificates', async () => {
      const authority = await mintCa({ trustDomain: TRUST_DOMAIN });
      let signer = authority;
      for (let depth = 1; depth <= 7; depth += 1) signer = await signer.intermediate();
      const verified = await verify((await signer.issue()).chainDer, [authority.certificateDer]);
      expect(verified.chain).toHaveLength(9);
    });

    it('a chain with its root at the end', async () => {
      const authority = await mintCa({ trustDomain: TRUST_DOMAIN });
      const signer = await authority.intermediate();
      const { chainDer } = await signer.issue();
      const sent = concatenated(chainDer, authority.certificateDer);
      const verified = await verify(sent, [authority.certificateDer]);
      expect(verified.chain).toHaveLength(3);
    });

    it('an intermediate as authority', async () => {
      const signer = await (await mintCa({ trustDomain: TRUST_DOMAIN })).intermediate();
      const { chainDer, certificateDer } = await signer.issue();
      expect((await verify(chainDer, [signer.certificateDer])).chain).toHaveLength(2);
      expect((await verify(certificateDer, [signer.certificateDer])).chain).toHaveLength(2);
    });

    it.each([true, false])(
      'old and new authority of one name, key identifiers: %s',
      async (keyIds) => {
        const old = await mintCa({ trustDomain: TRUST_DOMAIN, keyIds });
        const next = await mintCa({ trustDomain: TRUST_DOMAIN, keyIds });
        const bundle = [old.certificateDer, next.certificateDer];
        for (const authority of [old, next]) {
          const { chainDer } = await authority.issue({ keyIds });
          const verified = await verify(chainDer, bundle);
          expect(Buffer.from(verified.authority.raw).equals(authority.certificateDer)).toBe(true);
        }
      },
    );

    it('the renewed certificate of an authority whose former one is expired', async () => {
      const old = await mintCa({
        trustDomain: TRUST_DOMAIN,
        notAfter: new Date(Date.now() - 1000),
      });
      const renewed = await mintCa({ trustDomain: TRUST_DOMAIN, keys: old.keys });
      const { chainDer } = await old.issue();
      await expect(
        verify(chainDer, [old.certificateDer, renewed.certificateDer]),
      ).resolves.toBeDefined();
    });
  });
});

describe('spiffeIdOfLeaf', () => {
  it('names the rule of SPIFFE-ID as cause, and the certificate by its serial number', async () => {
    const authority = await mintCa({ trustDomain: TRUST_DOMAIN });
    const { certificateDer } = await authority.issue({ uri: 'spiffe://mesh.test/a//b' });
    const leaf = Certificate.parse(certificateDer);
    expect(() => spiffeIdOfLeaf(leaf)).toThrow(
      expect.objectContaining({
        code: 'ERR_SVID_ID_INVALID',
        serialNumber: leaf.serialNumber,
        cause: expect.objectContaining({ code: 'ERR_SPIFFE_ID_PATH_SEGMENT_EMPTY' }),
      }),
    );
  });
});
