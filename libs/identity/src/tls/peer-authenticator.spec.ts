import { beforeAll, describe, expect, it } from '@jest/globals';
import { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { mintCa, type MintedCa } from '@test/kit';
import { bundleOf, svidOf } from '../../test/workload.js';
import { authorizeAny } from '../authorizer.js';
import type { X509Svid } from '../x509-svid.js';
import { PeerAuthenticator } from './peer-authenticator.js';
import { presentedChain, presentedDer } from './presented-chain.js';

let ca: MintedCa;
let deep: X509Svid;
beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'a.test' });
  deep = await svidOf(await ca.intermediate(), '/deep');
});

const authenticator = () => new PeerAuthenticator(bundleOf('a.test', ca), authorizeAny());

/** A socket as OpenSSL left it: what this Node cannot be made to do. */
const socket = (parts: object): TLSSocket =>
  ({
    authorized: true,
    getPeerX509Certificate: () => new X509Certificate(deep.leaf.raw),
    getProtocol: () => 'TLSv1.3',
    isSessionReused: () => false,
    ...parts,
  }) as never;

describe('PeerAuthenticator', () => {
  it('fails closed, naming the version, where Node keeps the intermediates back', () => {
    expect(() => authenticator().authenticate(socket({}))).toThrow(
      expect.objectContaining({
        code: 'ERR_PEER_CHAIN_HIDDEN',
        message: expect.stringContaining(process.versions.node),
      }),
    );
  });

  it('accepts the same leaf where the intermediate is there', () => {
    const [leaf, intermediate] = deep.certificates.map(({ raw }) => new X509Certificate(raw));
    const whole = { ...leaf, raw: leaf?.raw, issuerCertificate: intermediate };
    expect(
      authenticator().authenticate(socket({ getPeerX509Certificate: () => whole })).peer.id,
    ).toEqual(deep.id);
  });

  it.each([
    ['a resumed session', { isSessionReused: () => true }],
    ['TLS 1.2', { getProtocol: () => 'TLSv1.2' }],
  ])('refuses %s', (_name, parts) => {
    expect(() => authenticator().authenticate(socket(parts))).toThrow(
      expect.objectContaining({ code: 'ERR_PEER_HANDSHAKE_FAILED' }),
    );
  });

  it.each([
    new Error('no code'),
    Object.assign(new Error(), { code: 'CERT_HAS_EXPIRED' }),
    undefined,
  ])("refuses whom OpenSSL refused, with OpenSSL's reason", (authorizationError) => {
    const parts = { authorized: false, authorizationError };
    expect(() => authenticator().authenticate(socket(parts))).toThrow(
      expect.objectContaining({ code: 'ERR_PEER_UNTRUSTED' }),
    );
  });

  it('calls a chain untrusted, and not hidden, that it cannot read', () => {
    for (const chain of [[], [new Uint8Array(3)], [new Uint8Array(3), new Uint8Array(3)]]) {
      expect(() => authenticator().authenticateChain(chain)).toThrow(
        expect.objectContaining({ code: 'ERR_PEER_UNTRUSTED' }),
      );
    }
  });

  it('calls a chain untrusted, and not hidden, whose trust domain has no bundle', async () => {
    const foreign = await svidOf(await mintCa({ trustDomain: 'b.test' }), '/x');
    const source = {
      getX509BundleForTrustDomain: bundleOf('a.test', ca).getX509BundleForTrustDomain,
    };
    const bundle = bundleOf('a.test', ca);
    expect(() =>
      new PeerAuthenticator(
        { getX509BundleForTrustDomain: source.getX509BundleForTrustDomain.bind(bundle) },
        authorizeAny(),
      ).authenticateChain([foreign.leaf.raw]),
    ).toThrow(expect.objectContaining({ code: 'ERR_PEER_UNTRUSTED' }));
  });
});

describe('what a peer presented', () => {
  it('is read to a limit, so that a chain without an end is none', () => {
    const endless: { raw: Uint8Array; issuerCertificate?: unknown } = { raw: new Uint8Array(1) };
    endless.issuerCertificate = { raw: new Uint8Array(2), issuerCertificate: endless };
    expect(presentedDer(endless as never)).toHaveLength(11);
    expect(presentedChain(socket({ getPeerX509Certificate: () => endless }))).toHaveLength(11);
  });

  it('leaves out the authority that Node appends, and keeps a leaf that signed itself', () => {
    const root: Record<string, unknown> = { raw: new Uint8Array(1) };
    root.issuerCertificate = root;
    const leaf = { raw: new Uint8Array(2), issuerCertificate: root };
    expect(presentedDer(leaf as never)).toEqual([leaf.raw]);
    expect(presentedDer(root as never)).toEqual([root.raw]);
    expect(presentedDer({} as never)).toEqual([]);
  });
});
