import type { ErrorCode } from '@mesh/errors';
import {
  concatenated,
  type CaOptions,
  type IssueOptions,
  type KeyType,
  mintCa,
  type Minted,
  MintedCa,
  newKeys,
} from './mint.js';

/** What a workload presents, and the authority that the verifier trusts. */
export interface Presented {
  readonly minted: Minted;
  readonly authority: MintedCa;
}

/** A chain with one thing wrong, and the code it is to be refused with. */
export interface Defect {
  readonly code: ErrorCode;
  mint(trustDomain: string): Promise<Presented>;
}

const SERVER_AUTH = '1.3.6.1.5.5.7.3.1';
const CLIENT_AUTH = '1.3.6.1.5.5.7.3.2';
const CODE_SIGNING = '1.3.6.1.5.5.7.3.3';
/** Understood by nobody. */
const UNKNOWN = { oid: '1.3.6.1.4.1.99999.1', critical: true, value: new Uint8Array([5, 0]) };
const YEAR = 31_536_000_000;
const past = () => ({
  notBefore: new Date(Date.now() - 2 * YEAR),
  notAfter: new Date(Date.now() - YEAR),
});
const future = () => ({
  notBefore: new Date(Date.now() + YEAR),
  notAfter: new Date(Date.now() + 2 * YEAR),
});

function leaf(
  code: ErrorCode,
  options: IssueOptions | ((trustDomain: string) => IssueOptions),
): Defect {
  return {
    code,
    async mint(trustDomain) {
      const authority = await mintCa({ trustDomain });
      const chosen = typeof options === 'function' ? options(trustDomain) : options;
      return { authority, minted: await authority.issue(chosen) };
    },
  };
}

function root(code: ErrorCode, options: Partial<CaOptions>, issue?: IssueOptions): Defect {
  return {
    code,
    async mint(trustDomain) {
      const authority = await mintCa({ trustDomain, ...options });
      return { authority, minted: await authority.issue(issue) };
    },
  };
}

function intermediate(
  code: ErrorCode,
  options: Partial<CaOptions> | ((trustDomain: string) => Partial<CaOptions>),
): Defect {
  return {
    code,
    async mint(trustDomain) {
      const authority = await mintCa({ trustDomain });
      const chosen = typeof options === 'function' ? options(trustDomain) : options;
      return { authority, minted: await (await authority.intermediate(chosen)).issue() };
    },
  };
}

/** The chain of two intermediates, put together another way. */
function reordered(
  code: ErrorCode,
  order: (parts: {
    leaf: Uint8Array;
    lower: Uint8Array;
    upper: Uint8Array;
    stranger: Uint8Array;
  }) => Uint8Array[],
): Defect {
  return {
    code,
    async mint(trustDomain) {
      const authority = await mintCa({ trustDomain });
      const upper = await authority.intermediate({ name: 'upper' });
      const lower = await upper.intermediate({ name: 'lower' });
      const stranger = await mintCa({ trustDomain, name: 'stranger' });
      const minted = await lower.issue();
      const parts = {
        leaf: minted.certificateDer,
        lower: lower.certificateDer,
        upper: upper.certificateDer,
        stranger: stranger.certificateDer,
      };
      return { authority, minted: { ...minted, chainDer: concatenated(...order(parts)) } };
    },
  };
}

function leafKey(keyType: KeyType): Defect {
  return leaf('ERR_CERTIFICATE_KEY', { keyType });
}

/** Every way a presented chain can be wrong, by the name of what is wrong with it. */
export const chainDefects: Readonly<Record<string, Defect>> = {
  // X509-SVID 2, 3.1
  'leaf without URI': leaf('ERR_SVID_URI_MISSING', { uris: [], dnsNames: ['workload.test'] }),
  'leaf without SAN': leaf('ERR_SVID_URI_MISSING', { uris: [] }),
  'leaf with two URIs': leaf('ERR_SVID_URI_SEVERAL', (name) => ({
    uris: [`spiffe://${name}/workload`, `spiffe://${name}/other`],
  })),
  'leaf with a second URI of another scheme': leaf('ERR_SVID_URI_SEVERAL', (name) => ({
    uris: [`spiffe://${name}/workload`, 'https://workload.test'],
  })),
  'leaf with a URI of another scheme': leaf('ERR_SVID_ID_INVALID', {
    uri: 'https://mesh.test/workload',
  }),
  'leaf with a malformed SPIFFE ID': leaf('ERR_SVID_ID_INVALID', (name) => ({
    uri: `spiffe://${name}/workload?x=1`,
  })),
  'leaf ID with NUL': leaf('ERR_SVID_ID_INVALID', (name) => ({
    uri: `spiffe://${name}/workload\0.evil`,
  })),
  'leaf ID without path': leaf('ERR_SVID_PATH_MISSING', (name) => ({ uri: `spiffe://${name}` })),
  'empty subject and SAN not critical': leaf('ERR_SVID_SAN_NOT_CRITICAL', { subject: '' }),
  // X509-SVID 4.1, 4.3, 4.4
  'leaf is a CA': leaf('ERR_SVID_IS_CA', { isCa: true }),
  'leaf without key usage': leaf('ERR_SVID_KEY_USAGE_MISSING', { keyUsage: null }),
  'leaf key usage not critical': leaf('ERR_SVID_KEY_USAGE_NOT_CRITICAL', {
    keyUsageCritical: false,
  }),
  'leaf without digitalSignature': leaf('ERR_SVID_DIGITAL_SIGNATURE_MISSING', {
    keyUsage: ['keyEncipherment'],
  }),
  'leaf with keyCertSign': leaf('ERR_SVID_KEY_CERT_SIGN', {
    keyUsage: ['digitalSignature', 'keyCertSign'],
  }),
  'leaf with cRLSign': leaf('ERR_SVID_CRL_SIGN', { keyUsage: ['digitalSignature', 'cRLSign'] }),
  'leaf without serverAuth': leaf('ERR_SVID_EXTENDED_KEY_USAGE', {
    extendedKeyUsage: [CLIENT_AUTH],
  }),
  'leaf without clientAuth': leaf('ERR_SVID_EXTENDED_KEY_USAGE', {
    extendedKeyUsage: [SERVER_AUTH],
  }),
  // RFC 5280
  'leaf with an unknown critical extension': leaf('ERR_CERTIFICATE_CRITICAL_EXTENSION', {
    extraExtensions: [UNKNOWN],
  }),
  'leaf expired': leaf('ERR_CERTIFICATE_EXPIRED', past()),
  'leaf not valid yet': leaf('ERR_CERTIFICATE_NOT_YET_VALID', future()),
  'leaf key P-521': leafKey('P-521'),
  'leaf key Ed25519': leafKey('Ed25519'),
  'leaf key RSA-1024': leafKey('RSA-1024'),
  'leaf signed with SHA-1': leaf('ERR_CERTIFICATE_SIGNATURE_ALGORITHM', { hash: 'SHA-1' }),
  'leaf signed with another key': {
    code: 'ERR_CHAIN_UNTRUSTED',
    async mint(trustDomain) {
      const authority = await mintCa({ trustDomain });
      return { authority, minted: await authority.issue({ signedBy: await newKeys() }) };
    },
  },
  'authority of the same name': {
    code: 'ERR_CHAIN_UNTRUSTED',
    async mint(trustDomain) {
      const [authority, impostor] = await Promise.all([
        mintCa({ trustDomain, keyIds: false }),
        mintCa({ trustDomain, keyIds: false }),
      ]);
      return { authority, minted: await impostor.issue({ keyIds: false }) };
    },
  },
  'authority of the same name and another key identifier': {
    code: 'ERR_CHAIN_UNTRUSTED',
    async mint(trustDomain) {
      const [authority, impostor] = await Promise.all([
        mintCa({ trustDomain }),
        mintCa({ trustDomain }),
      ]);
      return { authority, minted: await impostor.issue() };
    },
  },
  'leaf signed by itself': {
    code: 'ERR_CHAIN_UNTRUSTED',
    async mint(trustDomain) {
      const authority = await mintCa({ trustDomain });
      const keys = await newKeys();
      const self = new MintedCa(trustDomain, keys, authority.certificate, []);
      return { authority, minted: await self.issue({ keys, keyIds: false }) };
    },
  },
  // the authority's own rules
  'authority is no CA': root('ERR_CHAIN_NOT_CA', { isCa: false }),
  'authority without basicConstraints': root('ERR_CHAIN_NOT_CA', { isCa: null }),
  'authority without key usage': root('ERR_CHAIN_KEY_CERT_SIGN', { keyUsage: null }),
  'authority without keyCertSign': root('ERR_CHAIN_KEY_CERT_SIGN', {
    keyUsage: ['digitalSignature'],
  }),
  'authority expired': root('ERR_CERTIFICATE_EXPIRED', past()),
  'authority not valid yet': root('ERR_CERTIFICATE_NOT_YET_VALID', future()),
  'authority key P-521': root('ERR_CERTIFICATE_KEY', { keyType: 'P-521' }),
  'authority key RSA-1024': root('ERR_CERTIFICATE_KEY', { keyType: 'RSA-1024' }),
  'authority key Ed25519': root('ERR_CERTIFICATE_SIGNATURE_ALGORITHM', { keyType: 'Ed25519' }),
  'authority of another trust domain': root('ERR_CHAIN_SIGNER_ID', {
    uri: 'spiffe://elsewhere.test',
  }),
  'authority with an unknown critical extension': root('ERR_CERTIFICATE_CRITICAL_EXTENSION', {
    extraExtensions: [UNKNOWN],
  }),
  // X509-SVID 4.2, RFC 5280 4.2.1.10
  'ID outside the permitted names': root('ERR_CHAIN_NAME_CONSTRAINTS', {
    nameConstraints: { permitted: { uri: ['elsewhere.test'] } },
  }),
  'ID not below the permitted names': root('ERR_CHAIN_NAME_CONSTRAINTS', {
    nameConstraints: { permitted: { uri: ['.mesh.test'] } },
  }),
  'ID within the excluded names': root('ERR_CHAIN_NAME_CONSTRAINTS', {
    nameConstraints: { excluded: { uri: [''] } },
  }),
  'DNS name outside the permitted names': root(
    'ERR_CHAIN_NAME_CONSTRAINTS',
    { nameConstraints: { permitted: { dns: ['svc.test'] } } },
    { dnsNames: ['evilsvc.test'] },
  ),
  'DNS name within the excluded names': root(
    'ERR_CHAIN_NAME_CONSTRAINTS',
    { nameConstraints: { excluded: { dns: ['svc.test'] } } },
    { dnsNames: ['a.svc.test'] },
  ),
  'subject outside the permitted names': root('ERR_CHAIN_NAME_CONSTRAINTS', {
    nameConstraints: { permitted: { directory: ['C=US, O=Elsewhere'] } },
  }),
  'subject under any excluded directory name': root('ERR_CHAIN_NAME_CONSTRAINTS', {
    nameConstraints: { excluded: { directory: ['C=US, O=Elsewhere'] } },
  }),
  'address under a constraint that is not judged': root(
    'ERR_CHAIN_NAME_CONSTRAINTS',
    { nameConstraints: { permitted: { email: ['mesh.test'] } } },
    { subject: 'C=US, E=a@mesh.test' },
  ),
  // intermediates
  'issued by a workload': intermediate('ERR_CHAIN_NOT_CA', (name) => ({
    isCa: false,
    uri: `spiffe://${name}/workload`,
    keyUsage: ['digitalSignature'],
  })),
  'intermediate without basicConstraints': intermediate('ERR_CHAIN_NOT_CA', { isCa: null }),
  'intermediate without key usage': intermediate('ERR_CHAIN_KEY_CERT_SIGN', { keyUsage: null }),
  'intermediate without keyCertSign': intermediate('ERR_CHAIN_KEY_CERT_SIGN', {
    keyUsage: ['cRLSign'],
  }),
  'intermediate key usage not critical': intermediate('ERR_SVID_KEY_USAGE_NOT_CRITICAL', {
    keyUsageCritical: false,
  }),
  'intermediate expired': intermediate('ERR_CERTIFICATE_EXPIRED', past()),
  'intermediate not valid yet': intermediate('ERR_CERTIFICATE_NOT_YET_VALID', future()),
  'intermediate ID with a path': intermediate('ERR_CHAIN_SIGNER_ID', (name) => ({
    uri: `spiffe://${name}/ca`,
  })),
  'intermediate of another trust domain': intermediate('ERR_CHAIN_SIGNER_ID', {
    uri: 'spiffe://elsewhere.test',
  }),
  'intermediate with a URI that is no SPIFFE ID': intermediate('ERR_CHAIN_SIGNER_ID', {
    uri: 'https://ca.test',
  }),
  'intermediate with two URIs': intermediate('ERR_CHAIN_SIGNER_ID', (name) => ({
    uris: [`spiffe://${name}`, `spiffe://${name}/ca`],
  })),
  'intermediate for code signing': intermediate('ERR_CHAIN_EXTENDED_KEY_USAGE', {
    extendedKeyUsage: [CODE_SIGNING],
  }),
  'intermediate for clients alone': intermediate('ERR_CHAIN_EXTENDED_KEY_USAGE', {
    extendedKeyUsage: [CLIENT_AUTH],
  }),
  'intermediate with an unknown critical extension': intermediate(
    'ERR_CERTIFICATE_CRITICAL_EXTENSION',
    { extraExtensions: [UNKNOWN] },
  ),
  'intermediate key P-521': intermediate('ERR_CERTIFICATE_KEY', { keyType: 'P-521' }),
  'intermediate signed with SHA-1': intermediate('ERR_CERTIFICATE_SIGNATURE_ALGORITHM', {
    hash: 'SHA-1',
  }),
  'intermediate constrained to another trust domain': intermediate('ERR_CHAIN_NAME_CONSTRAINTS', {
    nameConstraints: { permitted: { uri: ['elsewhere.test'] } },
  }),
  'leaf not signed by the intermediate': {
    code: 'ERR_CHAIN_SIGNATURE',
    async mint(trustDomain) {
      const authority = await mintCa({ trustDomain });
      const signer = await authority.intermediate();
      return { authority, minted: await signer.issue({ signedBy: await newKeys() }) };
    },
  },
  'intermediate below an authority of path length 0': {
    code: 'ERR_CHAIN_PATH_LENGTH',
    async mint(trustDomain) {
      const authority = await mintCa({ trustDomain, pathLength: 0 });
      return { authority, minted: await (await authority.intermediate()).issue() };
    },
  },
  'intermediate below an intermediate of path length 0': {
    code: 'ERR_CHAIN_PATH_LENGTH',
    async mint(trustDomain) {
      const authority = await mintCa({ trustDomain });
      const upper = await authority.intermediate({ name: 'upper', pathLength: 0 });
      return { authority, minted: await (await upper.intermediate({ name: 'lower' })).issue() };
    },
  },
  // the order
  'intermediates in the wrong order': reordered('ERR_CHAIN_ORDER', (p) => [
    p.leaf,
    p.upper,
    p.lower,
  ]),
  'intermediate left out': reordered('ERR_CHAIN_ORDER', (p) => [p.leaf, p.upper]),
  'last intermediate left out': reordered('ERR_CHAIN_UNTRUSTED', (p) => [p.leaf, p.lower]),
  'certificate that is no part of the chain': reordered('ERR_CHAIN_ORDER', (p) => [
    p.leaf,
    p.lower,
    p.upper,
    p.stranger,
  ]),
  'certificate twice': reordered('ERR_CHAIN_ORDER', (p) => [p.leaf, p.lower, p.lower, p.upper]),
  'leaf not first': reordered('ERR_SVID_PATH_MISSING', (p) => [p.lower, p.leaf, p.upper]),
  'chain of nine': {
    code: 'ERR_CHAIN_TOO_LONG',
    async mint(trustDomain) {
      const authority = await mintCa({ trustDomain });
      let signer = authority;
      for (let depth = 1; depth <= 8; depth += 1) {
        signer = await signer.intermediate({ name: `depth ${depth}` });
      }
      return { authority, minted: await signer.issue() };
    },
  },
};
