import { beforeAll, describe, expect, it } from '@jest/globals';
import {
  type CanonicalRequest,
  serializeArchiveDocument,
  serializeTrustDocument,
} from '@mesh/provenance';
import { type MintedCa, mintCa } from '../kit/index.js';
import {
  type AnswerBody,
  answerOf,
  DOMAIN,
  GATEWAY,
  IAT,
  RESEARCHER,
  signerOf,
  trustOf,
  WRITER,
} from '../../libs/provenance/test/answers.js';
import { Verification } from '../../apps/web/src/proof/verification.js';

const verification = new Verification();
const signersOf = async (ca: MintedCa) => {
  const signer = async (id: typeof GATEWAY) => signerOf(await ca.issue({ uri: id.toString() }));
  return {
    gateway: await signer(GATEWAY),
    researcher: await signer(RESEARCHER),
    writer: await signer(WRITER),
  };
};

let ca: MintedCa;
let body: AnswerBody;
let trust: string;

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'mesh.test' });
  body = await answerOf(await signersOf(ca));
  trust = serializeTrustDocument(trustOf(ca.certificateDer));
});

describe('Verification', () => {
  it('gives a verified answer as data that a worker can hand over', async () => {
    const view = await verification.verify(JSON.stringify(body), { trust });
    expect(structuredClone(view)).toEqual(view);
    expect(JSON.parse(JSON.stringify(view))).toMatchObject({
      content: { answer: 'Because [1].' },
      verdict: 'valid',
      trustDomain: 'mesh.test',
      edges: [
        { outer: 0, inner: 1 },
        { outer: 1, inner: 2 },
      ],
      nodes: [
        {
          statement: { iss: GATEWAY.toString(), actors: [GATEWAY.toString()] },
          certificate: { serialNumber: expect.stringMatching(/^[0-9a-f]+$/), retired: false },
          content: 'checked',
          request: 'checked',
        },
        { content: 'attested', request: 'attested' },
        {
          statement: { iss: WRITER.toString(), scope: ['draft:write'] },
          request: 'checked',
        },
      ],
      receipt: { counts: { quoted: 0, cited: 1, unsupported: 0 }, sources: [{ citedBy: [0] }, {}] },
    });
    expect(view.ms).toBeGreaterThan(0);
  });

  it('holds an answer to the call that was made', async () => {
    const [request] = body.requests as [CanonicalRequest];
    const verify = (nonce: string, audience = 'mesh-cli') =>
      verification.verify(JSON.stringify(body), {
        trust,
        call: { audience, request: { ...request, nonce } },
      });
    await expect(verify(request.nonce)).resolves.toMatchObject({ verdict: 'valid' });
    await expect(verify('AAECAwQFBgcICQoLDA0ODg')).rejects.toMatchObject({
      code: 'ERR_ANSWER_REQUEST',
    });
    await expect(verify(request.nonce, 'another')).rejects.toMatchObject({
      code: 'ERR_ANSWER_AUDIENCE',
    });
  });

  it('shows nothing of one that was changed', async () => {
    const changed = JSON.stringify({ ...body, answer: 'Because not [1].' });
    await expect(verification.verify(changed, { trust })).rejects.toMatchObject({
      code: 'ERR_ANSWER_CONTENT',
    });
  });

  it('goes by the trust and the archive that are given with it, each time', async () => {
    const document = JSON.stringify(body);
    const other = await mintCa({ trustDomain: 'mesh.test' });
    const strange = serializeTrustDocument(trustOf(other.certificateDer));
    await expect(verification.verify(document, { trust })).resolves.toBeDefined();
    await expect(verification.verify(document, { trust: strange })).rejects.toMatchObject({
      code: 'ERR_ANSWER_CHAIN',
    });
    const archive = (status: 'retired' | 'distrusted') => {
      const { x509Authorities } = trustOf(ca.certificateDer).bundle;
      const certificate = x509Authorities[0]!;
      return serializeArchiveDocument({
        trustDomain: DOMAIN,
        authorities: [{ certificate, status, since: IAT }],
      });
    };
    const by = (status: 'retired' | 'distrusted') =>
      verification.verify(document, { trust: strange, archive: archive(status) });
    await expect(by('retired')).resolves.toMatchObject({
      verdict: expect.stringContaining('claimed by the signer'),
      nodes: [{ certificate: { retired: true } }, {}, {}],
    });
    await expect(by('distrusted')).rejects.toMatchObject({
      code: 'ERR_ANSWER_AUTHORITY_DISTRUSTED',
    });
    await expect(verification.verify(document, { trust: '{}' })).rejects.toMatchObject({
      code: expect.stringMatching(/^ERR_TRUST_DOCUMENT_/),
    });
    await expect(verification.verify(document, { trust })).resolves.toBeDefined();
  });
});
