import { beforeAll, describe, expect, it } from '@jest/globals';
import { concatenated, type KeyType, mintCa, type MintedCa } from '@test/kit';
import { Certificate, SpiffeId, TrustDomain } from '@mesh/spiffe';
import {
  DIGEST,
  DOMAIN,
  GATEWAY,
  handMade,
  IAT,
  NOW,
  RESEARCHER,
  signerOf,
  statement,
} from '../test/answers.js';
import {
  type ChainCheck,
  chainCheck,
  CLOCK_SKEW_SECONDS,
  decodeUnverified,
  type ExpectedStatement,
  MAX_AGE_SECONDS,
  signStatement,
  type Statement,
  type StatementAlgorithm,
  type StatementSigner,
  verifyStatement,
} from './index.js';

const HOUR = 3600;
const at = (seconds: number) => new Date((IAT + seconds) * 1000);
const uri = GATEWAY.toString();
const OTHER = DIGEST.replace('x', 'y');

let ca: MintedCa;
let signer: StatementSigner;
let check: ChainCheck;

const expected = (changes: Partial<ExpectedStatement> = {}): ExpectedStatement => ({
  ...{ issuer: GATEWAY, audience: 'mesh-cli', txn: 'txn-1' },
  ...{ request: DIGEST, content: DIGEST, now: NOW },
  ...changes,
});
const verify = async (changes: Partial<Statement> = {}, of: Partial<ExpectedStatement> = {}) =>
  verifyStatement(await signStatement(statement(changes), signer), expected(of), check);
/** Signed by the signer's key, whatever is in it. */
const headed = async (header: object, changes: Partial<Statement> = {}, by = signer) => {
  const [first, second] = (await signStatement(statement(changes), signer)).split('.');
  const text = (part = '') => Buffer.from(part, 'base64url').toString();
  const compact = await handMade({ ...JSON.parse(text(first)), ...header }, text(second), (data) =>
    by.sign(data),
  );
  return verifyStatement(compact, expected(), check);
};
const x5c = (...ders: readonly Uint8Array[]) =>
  ders.map((der) => Buffer.from(der).toString('base64'));

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test', notBefore: at(-24 * HOUR) });
  signer = signerOf(await ca.issue({ uri, notBefore: at(-2 * HOUR), notAfter: at(HOUR) }));
  check = chainCheck(DOMAIN, [Certificate.parse(ca.certificateDer)]);
});

describe('verifyStatement', () => {
  it('takes a right one and says what it proves', async () => {
    const { statement: proven, chain } = await verify();
    expect(proven).toEqual(statement());
    expect(chain.id.toString()).toBe(uri);
  });

  it.each<[StatementAlgorithm, KeyType]>([
    ['ES256', 'P-256'],
    ['ES384', 'P-384'],
    ['RS256', 'RSA-2048'],
    ['PS256', 'RSA-PSS-2048'],
  ])('takes %s, and it alone, by a key of %s', async (algorithm, keyType) => {
    const minted = await ca.issue({ uri, keyType });
    const right = await signStatement(statement(), signerOf(minted, algorithm));
    await expect(verifyStatement(right, expected(), check)).resolves.toBeDefined();
    const [header = '', payload = '', signature = ''] = right.split('.');
    for (const other of ['ES256', 'ES384', 'RS256', 'PS256'].filter((one) => one !== algorithm)) {
      const changed = { ...JSON.parse(Buffer.from(header, 'base64url').toString()), alg: other };
      const compact = await handMade(
        changed,
        Buffer.from(payload, 'base64url').toString(),
        () => new Uint8Array(Buffer.from(signature, 'base64url')),
      );
      const bothRsa =
        algorithm.endsWith('S256') && !algorithm.startsWith('E') && !other.startsWith('E');
      await expect(verifyStatement(compact, expected(), check)).rejects.toMatchObject({
        code: bothRsa ? 'ERR_ANSWER_SIGNATURE' : 'ERR_ANSWER_ALGORITHM_KEY',
      });
    }
  });

  it.each<[string, Partial<Statement>, Partial<ExpectedStatement>, string]>([
    ['another audience', { aud: 'other' }, {}, 'ERR_ANSWER_AUDIENCE'],
    ['another issuer', {}, { issuer: RESEARCHER }, 'ERR_ANSWER_ISSUER'],
    ['another transaction', { txn: 'txn-2' }, {}, 'ERR_ANSWER_TXN'],
    ['another request', { request: OTHER }, {}, 'ERR_ANSWER_REQUEST'],
    ['another content', {}, { content: OTHER }, 'ERR_ANSWER_CONTENT'],
    ['a future time', { iat: IAT + CLOCK_SKEW_SECONDS + 1 }, {}, 'ERR_ANSWER_IAT_FUTURE'],
    ['an old time', { iat: IAT - MAX_AGE_SECONDS - 1 }, {}, 'ERR_ANSWER_IAT_OLD'],
    [
      'a time before the certificate',
      { iat: IAT - 2 * HOUR - 1 },
      {},
      'ERR_ANSWER_IAT_OUTSIDE_CERTIFICATE',
    ],
    [
      'a time after the certificate',
      { iat: IAT + HOUR + 1 },
      {},
      'ERR_ANSWER_IAT_OUTSIDE_CERTIFICATE',
    ],
  ])('refuses %s', async (_, changes, of, code) => {
    await expect(verify(changes, of)).rejects.toMatchObject({ code });
  });

  it.each([CLOCK_SKEW_SECONDS, -MAX_AGE_SECONDS])(
    'takes a statement of %i s from now',
    async (s) => {
      await expect(verify({ iat: IAT + s })).resolves.toBeDefined();
    },
  );

  it('takes an archived one at its iat, but none from the future', async () => {
    const now = at(48 * HOUR);
    await expect(verify({}, { now })).rejects.toMatchObject({
      code: 'ERR_ANSWER_CHAIN',
      cause: expect.objectContaining({ code: 'ERR_CERTIFICATE_EXPIRED' }),
    });
    await expect(verify({}, { now, archived: true })).resolves.toBeDefined();
    await expect(verify({}, { now: at(-HOUR), archived: true })).rejects.toMatchObject({
      code: 'ERR_ANSWER_IAT_FUTURE',
    });
  });

  it('refuses a statement that is older than the CA', async () => {
    const young = await mintCa({ trustDomain: 'mesh.test', notBefore: at(-10) });
    const minted = await young.issue({ uri, notBefore: at(-HOUR) });
    const own = chainCheck(DOMAIN, [Certificate.parse(young.certificateDer)]);
    const compact = await signStatement(statement({ iat: IAT - 20 }), signerOf(minted));
    await expect(verifyStatement(compact, expected(), own)).rejects.toMatchObject({
      code: 'ERR_ANSWER_IAT_OUTSIDE_CERTIFICATE',
    });
  });

  it('refuses a wrong signature and one of another key', async () => {
    const stranger = signerOf(await ca.issue({ uri }));
    await expect(headed({}, {}, stranger)).rejects.toMatchObject({ code: 'ERR_ANSWER_SIGNATURE' });
    await expect(headed({})).resolves.toBeDefined();
    // ECDSA as DER, as certificates have it.
    const der = { ...signer, sign: () => Uint8Array.of(0x30, 6, 2, 1, 1, 2, 1, 1) };
    await expect(headed({}, {}, der)).rejects.toMatchObject({ code: 'ERR_ANSWER_SIGNATURE' });
  });

  it('refuses SAN, kid and iss that differ', async () => {
    await expect(headed({ kid: RESEARCHER.toString() })).rejects.toMatchObject({
      code: 'ERR_ANSWER_ISSUER_KEY_ID',
    });
    await expect(headed({ kid: uri }, { iss: RESEARCHER })).rejects.toMatchObject({
      code: 'ERR_ANSWER_ISSUER_KEY_ID',
    });
    // The researcher signs as the gateway, with its own certificate.
    const researcher = await ca.issue({ uri: RESEARCHER.toString() });
    await expect(
      headed({ x5c: x5c(researcher.certificateDer) }, {}, signerOf(researcher)),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_CERTIFICATE_ID' });
  });

  it.each<[string, () => Promise<readonly Uint8Array[]>, string]>([
    [
      'a CA of its own',
      async () => [
        (await (await mintCa({ trustDomain: 'mesh.test' })).issue({ uri })).certificateDer,
      ],
      'ERR_CHAIN_UNTRUSTED',
    ],
    [
      'a CA of its own, root included',
      async () => {
        const own = await mintCa({ trustDomain: 'mesh.test', name: 'own' });
        return [(await own.issue({ uri })).certificateDer, own.certificateDer];
      },
      'ERR_CHAIN_UNTRUSTED',
    ],
    [
      'a workload as CA',
      async () => {
        const leaf = await ca.intermediate({ uri: 'spiffe://mesh.test/a', isCa: false });
        return [(await leaf.issue({ uri })).certificateDer, ...leaf.intermediates];
      },
      'ERR_CHAIN_NOT_CA',
    ],
    [
      'two URIs',
      async () => [(await ca.issue({ uris: [uri, RESEARCHER.toString()] })).certificateDer],
      'ERR_SVID_URI_SEVERAL',
    ],
    [
      'a CA as leaf',
      async () => [(await ca.issue({ uri, isCa: true })).certificateDer],
      'ERR_SVID_IS_CA',
    ],
    [
      'no digitalSignature',
      async () => [(await ca.issue({ uri, keyUsage: ['keyAgreement'] })).certificateDer],
      'ERR_SVID_DIGITAL_SIGNATURE_MISSING',
    ],
    [
      'RSA of 1024 bits',
      async () => [(await ca.issue({ uri, keyType: 'RSA-1024' })).certificateDer],
      'ERR_CERTIFICATE_KEY',
    ],
  ])('refuses a chain with %s', async (_, chain, code) => {
    await expect(headed({ x5c: x5c(...(await chain())) })).rejects.toMatchObject({
      code: 'ERR_ANSWER_CHAIN',
      cause: expect.objectContaining({ code }),
    });
  });

  it('takes an intermediate', async () => {
    const minted = await (await ca.intermediate()).issue({ uri });
    const compact = await signStatement(statement(), signerOf(minted));
    await expect(verifyStatement(compact, expected(), check)).resolves.toBeDefined();
    const root = { ...minted, chainDer: concatenated(minted.chainDer, ca.certificateDer) };
    const whole = await signStatement(statement(), signerOf(root));
    await expect(verifyStatement(whole, expected(), check)).resolves.toBeDefined();
  });

  it('refuses a workload of another trust domain, whoever vouches for it', async () => {
    const other = await mintCa({ trustDomain: 'other.test' });
    const foreign = SpiffeId.parse('spiffe://other.test/gateway');
    const minted = signerOf(await other.issue({ uri: foreign.toString() }));
    const compact = await signStatement(statement({ iss: foreign }), minted);
    const authorities = [Certificate.parse(other.certificateDer)];
    const of = expected({ issuer: foreign });
    await expect(
      verifyStatement(compact, of, chainCheck(DOMAIN, authorities)),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_TRUST_DOMAIN' });
    const theirs = chainCheck(TrustDomain.parse('other.test'), authorities);
    await expect(verifyStatement(compact, of, theirs)).resolves.toBeDefined();
  });
});

describe('signStatement', () => {
  it('signs for each SPIFFE ID under its own name', async () => {
    const of = async (iss: SpiffeId) =>
      decodeUnverified(await signStatement(statement({ iss }), signer)).keyId.toString();
    expect([await of(GATEWAY), await of(GATEWAY), await of(RESEARCHER)]).toEqual([
      uri,
      uri,
      RESEARCHER.toString(),
    ]);
  });

  it('signs nothing that no verifier takes', async () => {
    const producers = Array(64).fill({
      kind: 'tool',
      provider: 'a'.repeat(64),
      name: 'b'.repeat(200),
    });
    const hosts = Array(64).fill({ host: 'c'.repeat(261), bytes: 1 });
    const edits = Array(64).fill({ kind: 'd'.repeat(64), count: 1 });
    const inputs = { statements: [], sources: Array(100).fill(DIGEST) };
    await expect(verify({ producers, hosts })).resolves.toBeDefined();
    await expect(
      signStatement(statement({ producers, hosts, edits, findings: edits, inputs }), signer),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_STATEMENT_SIZE' });
    await expect(
      signStatement(statement(), {
        ...signer,
        certificates: Array(9).fill(signer.certificates[0]),
      }),
    ).rejects.toMatchObject({ code: 'ERR_ANSWER_CERTIFICATES' });
    await expect(verify({ sub: '' })).rejects.toMatchObject({ code: 'ERR_ANSWER_MEMBER_INVALID' });
  });
});
