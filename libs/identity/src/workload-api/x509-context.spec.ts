import { beforeAll, describe, expect, it } from '@jest/globals';
import { MeshError } from '@mesh/errors';
import { TrustDomain } from '@mesh/spiffe';
import { bundlesResponse, concatenated, mintCa, svidEntry, svidResponse } from '@test/kit';
import type { Minted, MintedCa } from '@test/kit';
import { parseX509Bundles, parseX509Context } from './x509-context.js';

const MESH = 'spiffe://mesh.test';
const OTHER = 'spiffe://other.test';
const ID = `${MESH}/workload`;
const garbage = new Uint8Array([0xff, 0xff, 0xff]);

let mesh: MintedCa;
let other: MintedCa;
let minted: Minted;
beforeAll(async () => {
  [mesh, other] = await Promise.all([
    mintCa({ trustDomain: 'mesh.test' }),
    mintCa({ trustDomain: 'other.test' }),
  ]);
  minted = await mesh.issue();
});

const entry = () => svidEntry(minted, mesh.certificateDer, ID);

function codeOf(parse: () => unknown): string {
  try {
    parse();
    return 'accepted';
  } catch (error) {
    if (!(error instanceof MeshError)) throw error;
    return error.code;
  }
}

describe('parseX509Context', () => {
  const contextCode = (...[response]: Parameters<typeof svidResponse>) =>
    codeOf(() => parseX509Context(svidResponse(response)));

  it('takes an SVID with the bundle of its trust domain', () => {
    const { svids, bundles } = parseX509Context(svidResponse({ svids: [entry()] }));
    expect(svids.map(({ id }) => id.toString())).toEqual([ID]);
    const own = bundles.getX509BundleForTrustDomain(TrustDomain.parse('mesh.test'));
    expect(own.authorities.map(({ raw }) => [...raw])).toEqual([[...mesh.certificateDer]]);
    expect(bundles.get(TrustDomain.parse('other.test'))).toBeUndefined();
  });

  it('takes federated bundles by trust domain', () => {
    const { bundles } = parseX509Context(
      svidResponse({ svids: [entry()], federatedBundles: { [OTHER]: other.certificateDer } }),
    );
    expect(bundles.bundles().map(({ trustDomain }) => trustDomain.name)).toEqual([
      'mesh.test',
      'other.test',
    ]);
    const federated = bundles.getX509BundleForTrustDomain(TrustDomain.parse('other.test'));
    expect(federated.authorities.map(({ raw }) => [...raw])).toEqual([[...other.certificateDer]]);
  });

  it('takes the bare name of a trust domain as a key', () => {
    expect(
      contextCode({ svids: [entry()], federatedBundles: { 'other.test': other.certificateDer } }),
    ).toBe('accepted');
  });

  it('takes SVIDs of several trust domains, each with its own bundle', async () => {
    const foreign = await other.issue();
    const { bundles } = parseX509Context(
      svidResponse({
        svids: [entry(), svidEntry(foreign, other.certificateDer, `${OTHER}/workload`)],
      }),
    );
    const digests = bundles.bundles().map(({ digest }) => digest);
    expect(new Set(digests).size).toBe(2);
  });

  it('is frozen', () => {
    const context = parseX509Context(svidResponse({ svids: [entry()] }));
    expect(Object.isFrozen(context)).toBe(true);
    expect(Object.isFrozen(context.svids)).toBe(true);
  });

  it('keeps the first of SVIDs with the same hint', async () => {
    const second = await mesh.issue({ uri: `${MESH}/second` });
    const third = await mesh.issue({ uri: `${MESH}/third` });
    const { svids } = parseX509Context(
      svidResponse({
        svids: [
          { ...entry(), hint: 'internal' },
          svidEntry(second, mesh.certificateDer, `${MESH}/second`, 'internal'),
          svidEntry(third, mesh.certificateDer, `${MESH}/third`, 'external'),
        ],
      }),
    );
    expect(svids.map(({ id, hint }) => [id.path, hint])).toEqual([
      ['/workload', 'internal'],
      ['/third', 'external'],
    ]);
  });

  it('keeps all SVIDs without a hint', async () => {
    const second = await mesh.issue({ uri: `${MESH}/second` });
    const { svids } = parseX509Context(
      svidResponse({
        svids: [entry(), svidEntry(second, mesh.certificateDer, `${MESH}/second`)],
      }),
    );
    expect(svids).toHaveLength(2);
  });

  it('refuses what cannot be decoded', () => {
    expect(codeOf(() => parseX509Context(garbage))).toBe('ERR_WORKLOAD_API_MESSAGE_MALFORMED');
  });

  it('refuses a message without SVIDs', () => {
    expect(contextCode({})).toBe('ERR_WORKLOAD_API_FIELD_MISSING');
  });

  it.each([
    ['spiffeId', ''],
    ['x509Svid', new Uint8Array()],
    ['x509SvidKey', new Uint8Array()],
    ['bundle', new Uint8Array()],
  ])('refuses an SVID whose mandatory %s has its default value', (field, value) => {
    expect(contextCode({ svids: [entry(), { ...entry(), [field]: value }] })).toBe(
      'ERR_WORKLOAD_API_FIELD_MISSING',
    );
  });

  it('refuses an SVID that breaks a rule', async () => {
    const wrong = await mesh.issue({ keyUsage: ['digitalSignature', 'keyCertSign'] });
    const response = svidResponse({ svids: [entry(), svidEntry(wrong, mesh.certificateDer, ID)] });
    expect(codeOf(() => parseX509Context(response))).toBe('ERR_WORKLOAD_API_SVID_INVALID');
    expect(() => parseX509Context(response)).toThrow(
      expect.objectContaining({ cause: expect.any(MeshError) }),
    );
  });

  it("refuses another SVID's key", async () => {
    const { keyDer } = await mesh.issue();
    expect(contextCode({ svids: [{ ...entry(), x509SvidKey: keyDer }] })).toBe(
      'ERR_WORKLOAD_API_SVID_INVALID',
    );
  });

  it('refuses an SVID with another ID than the message names', () => {
    expect(contextCode({ svids: [{ ...entry(), spiffeId: `${MESH}/other` }] })).toBe(
      'ERR_WORKLOAD_API_ID_MISMATCH',
    );
  });

  it('refuses a bundle that cannot be read, own or federated', () => {
    expect(contextCode({ svids: [{ ...entry(), bundle: garbage }] })).toBe(
      'ERR_WORKLOAD_API_BUNDLE_INVALID',
    );
    expect(contextCode({ svids: [entry()], federatedBundles: { [OTHER]: garbage } })).toBe(
      'ERR_WORKLOAD_API_BUNDLE_INVALID',
    );
  });

  it.each(['', 'other test', 'spiffe://other.test/workload', 'https://other.test'])(
    'refuses %j as the key of a federated bundle',
    (key) => {
      expect(
        contextCode({ svids: [entry()], federatedBundles: { [key]: other.certificateDer } }),
      ).toBe('ERR_WORKLOAD_API_BUNDLE_INVALID');
    },
  );

  it('refuses a federated bundle that would add to the own trust domain', () => {
    for (const key of [MESH, 'mesh.test']) {
      const both = concatenated(mesh.certificateDer, other.certificateDer);
      expect(contextCode({ svids: [entry()], federatedBundles: { [key]: both } })).toBe(
        'ERR_WORKLOAD_API_BUNDLE_CONFLICT',
      );
    }
  });

  it('takes a federated bundle for the own trust domain that says the same', () => {
    expect(
      contextCode({ svids: [entry()], federatedBundles: { [MESH]: mesh.certificateDer } }),
    ).toBe('accepted');
  });

  it('refuses two SVIDs of a trust domain with different bundles', async () => {
    const second = await mesh.issue();
    expect(contextCode({ svids: [entry(), svidEntry(second, other.certificateDer, ID)] })).toBe(
      'ERR_WORKLOAD_API_BUNDLE_CONFLICT',
    );
  });

  it('refuses two different bundles of one foreign trust domain', () => {
    expect(
      contextCode({
        svids: [entry()],
        federatedBundles: { [OTHER]: other.certificateDer, 'other.test': mesh.certificateDer },
      }),
    ).toBe('ERR_WORKLOAD_API_BUNDLE_CONFLICT');
  });
});

describe('parseX509Bundles', () => {
  it('takes the bundles of several trust domains', () => {
    const set = parseX509Bundles(
      bundlesResponse({ bundles: { [MESH]: mesh.certificateDer, [OTHER]: other.certificateDer } }),
    );
    expect(set.bundles().map(({ trustDomain }) => trustDomain.name)).toEqual([
      'mesh.test',
      'other.test',
    ]);
  });

  it.each([
    ['no bundle', {}, 'ERR_WORKLOAD_API_FIELD_MISSING'],
    ['a bundle that cannot be read', { [MESH]: garbage }, 'ERR_WORKLOAD_API_BUNDLE_INVALID'],
    [
      'a key that is no trust domain',
      { 'mesh test': new Uint8Array() },
      'ERR_WORKLOAD_API_BUNDLE_INVALID',
    ],
  ])('refuses %s', (_, bundles, code) => {
    expect(codeOf(() => parseX509Bundles(bundlesResponse({ bundles })))).toBe(code);
  });

  it('refuses what cannot be decoded', () => {
    expect(codeOf(() => parseX509Bundles(garbage))).toBe('ERR_WORKLOAD_API_MESSAGE_MALFORMED');
  });
});
