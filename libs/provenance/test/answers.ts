import { Certificate, SpiffeId, TrustDomain } from '@mesh/spiffe';
import {
  type CanonicalRequest,
  contentDigest,
  digestOf,
  requestDigest,
  signStatement,
  sourceDigest,
  type Statement,
  type StatementAlgorithm,
  type StatementSigner,
  type TrustDocument,
} from '@mesh/provenance';

export const DOMAIN = TrustDomain.parse('mesh.test');
export const GATEWAY = SpiffeId.parse('spiffe://mesh.test/gateway');
export const RESEARCHER = SpiffeId.parse('spiffe://mesh.test/researcher');
export const WRITER = SpiffeId.parse('spiffe://mesh.test/writer');
export const NOW = new Date(Math.floor(Date.now() / 1000) * 1000);
export const IAT = NOW.getTime() / 1000;
export const DIGEST = 'x4pj95ZSn1A8RZ4LRXUt6P-GztBdq-TjmKVxOzHLAvQ';

/** What mints: `MintedCa` of the test kit. */
export interface Issuer<Options> {
  readonly certificateDer: Uint8Array;
  issue(options: Options): Promise<{ chainDer: Uint8Array; keys: CryptoKeyPair }>;
}

const SIGNING: Record<StatementAlgorithm, EcdsaParams | RsaPssParams | Algorithm> = {
  ES256: { name: 'ECDSA', hash: 'SHA-256' },
  ES384: { name: 'ECDSA', hash: 'SHA-384' },
  RS256: { name: 'RSASSA-PKCS1-v1_5' },
  PS256: { name: 'RSA-PSS', saltLength: 32 },
};

export function signerOf(
  minted: { chainDer: Uint8Array; keys: CryptoKeyPair },
  algorithm: StatementAlgorithm = 'ES256',
): StatementSigner {
  return {
    algorithm,
    certificates: Certificate.parseMany(minted.chainDer),
    sign: async (data) =>
      new Uint8Array(await crypto.subtle.sign(SIGNING[algorithm], minted.keys.privateKey, data)),
  };
}

/** A statement of the gateway for a person, without inputs. */
export function statement(changes: Partial<Statement> = {}): Statement {
  return {
    iss: GATEWAY,
    aud: 'mesh-cli',
    txn: 'txn-1',
    iat: IAT,
    sub: 'user-7f',
    act: { sub: GATEWAY },
    scope: ['research:deep', 'draft:write'],
    tth: DIGEST,
    request: DIGEST,
    content: DIGEST,
    inputs: { statements: [], sources: [] },
    edits: [],
    producers: [],
    hosts: [],
    findings: [],
    ...changes,
  };
}

/** A JWS of any header and payload, with a signature of whatever signs. */
export async function handMade(
  header: string | object,
  payload: string | object,
  sign: (data: Uint8Array<ArrayBuffer>) => Uint8Array | Promise<Uint8Array> = () =>
    new Uint8Array(64),
): Promise<string> {
  const part = (value: string | object | Uint8Array) =>
    Buffer.from(
      typeof value === 'string' || value instanceof Uint8Array ? value : JSON.stringify(value),
    ).toString('base64url');
  const input = `${part(header)}.${part(payload)}`;
  return `${input}.${part(await sign(new TextEncoder().encode(input)))}`;
}

export interface AnswerBody {
  answer: string;
  answered: boolean;
  sources: { id: number; title: string; url: string; snippet: string }[];
  requests: (CanonicalRequest | { digest: string })[];
  statements: string[];
}

/** Signers and changes from which an answer of gateway, researcher and writer is made. */
export interface AnswerPlan {
  readonly gateway: StatementSigner;
  readonly researcher: StatementSigner;
  readonly writer: StatementSigner;
  readonly changes?: {
    readonly gateway?: Partial<Statement>;
    readonly researcher?: Partial<Statement>;
    readonly writer?: Partial<Statement>;
  };
}

export const SOURCES = [1, 2].map((id) => ({
  id,
  title: `Title ${id}`,
  url: `documents:///a.md#${id}`,
  snippet: `Passage ${id} with “quotes” and 😀.`,
}));

export function requestTo(path: string): CanonicalRequest {
  const nonce = 'AAECAwQFBgcICQoLDA0ODw';
  return { method: 'POST', path, nonce, body: { question: 'Why?', depth: 'deep' } };
}

/** A right answer, but for the changes. */
export async function answerOf({ changes = {}, ...signers }: AnswerPlan): Promise<AnswerBody> {
  const requests = [
    requestTo('/v1/research'),
    requestTo('/v1/research?inner'),
    requestTo('/v1/drafts'),
  ];
  const [first, second, third] = await Promise.all(requests.map(requestDigest));
  const sources = await Promise.all(SOURCES.map(sourceDigest));
  const writer = await signStatement(
    statement({
      ...{ iss: WRITER, aud: RESEARCHER.toString(), request: third ?? '' },
      act: { sub: RESEARCHER, act: { sub: GATEWAY } },
      scope: ['draft:write'],
      producers: [{ kind: 'model', provider: 'embedded', name: 'extractive' }],
      inputs: { statements: [], sources },
      ...changes.writer,
    }),
    signers.writer,
  );
  const researcher = await signStatement(
    statement({
      ...{ iss: RESEARCHER, aud: GATEWAY.toString(), request: second ?? '' },
      inputs: { statements: [await digestOf(writer)], sources },
      ...changes.researcher,
    }),
    signers.researcher,
  );
  const content = {
    answer: 'Because [1].',
    answered: true,
    sources: SOURCES,
    requests: [requests[0], { digest: second }, requests[2]],
  } as AnswerBody;
  const gateway = await signStatement(
    statement({
      request: first ?? '',
      content: await contentDigest(content),
      inputs: { statements: [await digestOf(researcher)], sources: [] },
      edits: [{ kind: 'redaction', count: 1 }],
      ...changes.gateway,
    }),
    signers.gateway,
  );
  return { ...content, statements: [gateway, researcher, writer] };
}

export function trustOf(...authorities: Uint8Array[]): TrustDocument {
  return {
    bundle: {
      trustDomain: DOMAIN,
      x509Authorities: authorities.map((der) => Certificate.parse(der)),
      sequenceNumber: 3,
    },
    root: GATEWAY,
    edges: [
      { caller: GATEWAY, callee: RESEARCHER },
      { caller: RESEARCHER, callee: WRITER },
    ],
  };
}
