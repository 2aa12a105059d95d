import { beforeAll, describe, expect, it } from '@jest/globals';
import { chainDefects, concatenated, mintCa, type MintedCa } from '@test/kit';
import {
  Certificate,
  PeerVerifier,
  TrustDomain,
  verifyPeer,
  X509Bundle,
  X509BundleSet,
  type X509BundleSource,
} from './index.js';

const mesh = TrustDomain.parse('mesh.test');
const elsewhere = TrustDomain.parse('elsewhere.test');
const bundleOf = (trustDomain: TrustDomain, ...cas: MintedCa[]) =>
  X509Bundle.parse(trustDomain, concatenated(...cas.map((ca) => ca.certificateDer)));
const withCode = (code: string) => expect.objectContaining({ code });

let own: MintedCa;
let foreign: MintedCa;
let bundles: X509BundleSet;

beforeAll(async () => {
  own = await mintCa({ trustDomain: 'mesh.test', uri: null });
  foreign = await mintCa({ trustDomain: 'elsewhere.test', uri: null });
  bundles = X509BundleSet.of(bundleOf(mesh, own), bundleOf(elsewhere, foreign));
});

async function chain(ca: MintedCa, uri?: string): Promise<Certificate[]> {
  return Certificate.parseMany((await ca.issue({ uri })).chainDer);
}

const verifiers: [string, () => typeof verifyPeer][] = [
  ['verifyPeer', () => verifyPeer],
  [
    'PeerVerifier',
    () => {
      const verifier = new PeerVerifier();
      return (peer, source, at) => verifier.verify(peer, source, at);
    },
  ],
];

describe('both refuse', () => {
  it.each(Object.entries(chainDefects))('%s', async (_, { code, mint }) => {
    const { authority, minted } = await mint('mesh.test');
    const peer = Certificate.parseMany(minted.chainDer);
    const bundle = bundleOf(mesh, authority);
    expect(() => verifyPeer(peer, bundle)).toThrow(withCode(code));
    const verifier = new PeerVerifier();
    expect(() => verifier.verify(peer, bundle)).toThrow(withCode(code));
    // Nothing of a refusal is taken for a verdict later.
    expect(() => verifier.verify(peer, bundle)).toThrow(withCode(code));
  });
});

describe.each(verifiers)('%s', (_, make) => {
  it.each(['P-256', 'P-384', 'RSA-2048', 'RSA-PSS-2048'] as const)(
    'accepts an authority %s',
    async (keyType) => {
      const ca = await mintCa({ trustDomain: 'mesh.test', keyType });
      const signer = await ca.intermediate();
      const verified = make()(await chain(signer), bundleOf(mesh, ca));
      expect(verified.id.toString()).toBe('spiffe://mesh.test/workload');
      expect(verified.chain).toHaveLength(3);
    },
  );

  it('verifies each peer against the bundle of its own trust domain', async () => {
    const verify = make();
    expect(verify(await chain(own), bundles).id.memberOf(mesh)).toBe(true);
    expect(verify(await chain(foreign), bundles).id.memberOf(elsewhere)).toBe(true);
  });

  it('refuses a peer that another trust domain’s authority vouches for', async () => {
    const verify = make();
    const impostor = await chain(foreign, 'spiffe://mesh.test/workload');
    expect(() => verify(impostor, bundles)).toThrow(withCode('ERR_CHAIN_UNTRUSTED'));
  });

  it('refuses a trust domain without bundle, and nothing at all', async () => {
    const verify = make();
    const stranger = await chain(own, 'spiffe://unknown.test/workload');
    expect(() => verify(stranger, bundles)).toThrow(withCode('ERR_BUNDLE_NOT_FOUND'));
    expect(() => verify([], bundles)).toThrow(withCode('ERR_CHAIN_EMPTY'));
  });

  it('refuses an ECDSA signature in the name of an RSA authority', async () => {
    const rsa = await mintCa({ trustDomain: 'mesh.test', keyType: 'RSA-2048', keyIds: false });
    const ecdsa = await mintCa({ trustDomain: 'mesh.test', keyIds: false });
    const peer = Certificate.parseMany((await ecdsa.issue({ keyIds: false })).chainDer);
    expect(() => make()(peer, bundleOf(mesh, rsa))).toThrow(withCode('ERR_CHAIN_UNTRUSTED'));
  });

  it('refuses, and does not fail on, an authority whose point is not on its curve', async () => {
    const peer = await chain(own);
    const raw = own.certificateDer;
    const spki = Certificate.parse(raw).publicKeyInfo;
    const at = Buffer.from(raw).indexOf(spki);
    raw[at + spki.length - 1] = (raw[at + spki.length - 1] ?? 0) ^ 1;
    const bundle = X509Bundle.parse(mesh, raw);
    expect(() => make()(peer, bundle)).toThrow(withCode('ERR_CHAIN_UNTRUSTED'));
  });
});

describe('PeerVerifier', () => {
  it('remembers a chain for the same bundle', async () => {
    const verifier = new PeerVerifier();
    const peer = await chain(own);
    const again = peer.map(({ raw }) => Certificate.parse(raw));
    const verified = verifier.verify(peer, bundles);
    expect(verifier.verify(again, bundles)).toBe(verified);
    expect(new PeerVerifier().verify(again, bundles)).not.toBe(verified);
  });

  it('judges anew once the bundle is another', async () => {
    const verifier = new PeerVerifier();
    const peer = await chain(own);
    const next = await mintCa({ trustDomain: 'mesh.test', uri: null });
    const verified = verifier.verify(peer, bundles);
    const overlap = verifier.verify(peer, bundleOf(mesh, own, next));
    expect(overlap).not.toBe(verified);
    expect(() => verifier.verify(peer, bundleOf(mesh, next))).toThrow(
      withCode('ERR_CHAIN_UNTRUSTED'),
    );
    expect(() => verifier.verify(peer, X509Bundle.of(mesh, []))).toThrow(
      withCode('ERR_CHAIN_UNTRUSTED'),
    );
  });

  it('keeps the verdicts of two trust domains with the same authorities apart', async () => {
    const verifier = new PeerVerifier();
    const both: X509BundleSource = X509BundleSet.of(bundleOf(mesh, own), bundleOf(elsewhere, own));
    const there = await chain(own, 'spiffe://elsewhere.test/workload');
    const here = await chain(own);
    expect(verifier.verify(there, both).id.memberOf(elsewhere)).toBe(true);
    expect(verifier.verify(here, both).id.memberOf(mesh)).toBe(true);
  });

  it('never remembers beyond the validity of any certificate', async () => {
    const verifier = new PeerVerifier();
    const end = new Date(Math.floor(Date.now() / 1000) * 1000 + 60_000);
    const start = new Date(end.getTime() - 90_000);
    const signer = await own.intermediate({ notAfter: end, notBefore: start, uri: null });
    const peer = await chain(signer);
    const verified = verifier.verify(peer, bundles);
    expect(verifier.verify(peer, bundles, end)).toBe(verified);
    expect(() => verifier.verify(peer, bundles, new Date(end.getTime() + 1))).toThrow(
      withCode('ERR_CERTIFICATE_EXPIRED'),
    );
    expect(() => verifier.verify(peer, bundles, new Date(start.getTime() - 1))).toThrow(
      withCode('ERR_CERTIFICATE_NOT_YET_VALID'),
    );
  });

  it('keeps so many, those last used longest', async () => {
    const verifier = new PeerVerifier({ maxVerdicts: 2 });
    const [a, b, c] = await Promise.all([chain(own), chain(own), chain(own)]);
    const [first, second] = [verifier.verify(a, bundles), verifier.verify(b, bundles)];
    expect(verifier.verify(a, bundles)).toBe(first);
    verifier.verify(c, bundles);
    expect(verifier.verify(a, bundles)).toBe(first);
    expect(verifier.verify(b, bundles)).not.toBe(second);
  });
});
