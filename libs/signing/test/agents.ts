import { SpiffeId, TrustDomain, X509Bundle, X509Svid } from '@mesh/identity';
import {
  type CanonicalRequest,
  type Edge,
  requestDigest,
  type TrustDocument,
} from '@mesh/provenance';
import { type AnsweredRequest, AnswerRecord, AnswerSigner, PeerAnswers } from '@mesh/signing';

/** What is needed of the CAs of `@test/kit`. */
interface Ca {
  readonly certificatePem: string;
  issue(options: object): Promise<{ chainDer: Uint8Array; keyDer: Uint8Array }>;
}

export const DOMAIN = TrustDomain.parse('mesh.test');
export const workload = (name: string) => SpiffeId.fromSegments(DOMAIN, name);
export const GATEWAY = workload('gateway');
export const RESEARCHER = workload('researcher');
export const WRITER = workload('writer');
export const CLIENT = 'mesh-cli';
export const TXN = 'txn-1';
export const SCOPE = ['research:deep', 'draft:write'];
/** In the middle of a second. */
export const NOW = new Date(Math.floor(Date.now() / 1000) * 1000 + 500);
export const TOKEN_HASH = 'x4pj95ZSn1A8RZ4LRXUt6P-GztBdq-TjmKVxOzHLAvQ';

export async function svidOf(ca: Ca, id: SpiffeId, options: object = {}): Promise<X509Svid> {
  const { chainDer, keyDer } = await ca.issue({ uri: id.toString(), ...options });
  return X509Svid.parse(chainDer, keyDer);
}

export function bundleOf(...cas: readonly Ca[]): X509Bundle {
  return X509Bundle.parsePem(DOMAIN, cas.map(({ certificatePem }) => certificatePem).join(''));
}

export function edge(caller: SpiffeId, callee: SpiffeId): Edge {
  return { caller, callee };
}

/** The gateway calls the researcher and, for the sake of two inputs, the writer; the researcher calls the writer. */
export const EDGES: readonly Edge[] = [
  edge(GATEWAY, RESEARCHER),
  edge(GATEWAY, WRITER),
  edge(RESEARCHER, WRITER),
];

export function trustOf(bundle: X509Bundle, root: SpiffeId, edges = EDGES): TrustDocument {
  return {
    bundle: { trustDomain: bundle.trustDomain, x509Authorities: bundle.authorities },
    root,
    edges,
  };
}

export function requestTo(path: string, nonce = 'AAECAwQFBgcICQoLDA0ODw'): CanonicalRequest {
  return { method: 'POST', path, nonce, body: { question: 'Why?' } };
}

/** The call of a person at the gateway, unless changed. */
export function answeredRequest(changes: Partial<AnsweredRequest> = {}): AnsweredRequest {
  return {
    audience: CLIENT,
    txn: TXN,
    subject: 'user-7f',
    actors: [GATEWAY],
    scope: SCOPE,
    tokenHash: TOKEN_HASH,
    request: requestTo('/v1/research'),
    whole: true,
    ...changes,
  };
}

/** An agent, the content it makes, and those it calls for it. */
export interface Served {
  readonly svid: X509Svid;
  readonly content: object;
  readonly calls?: readonly Served[];
  /** What else it notes. */
  readonly note?: (record: AnswerRecord) => void;
}

/** Answers as the agents would: each calls, verifies, notes and signs. Gives the JSON text. */
export async function serve(
  { svid, content, calls = [], note }: Served,
  answered: AnsweredRequest,
  bundle: X509Bundle,
  edges = EDGES,
): Promise<string> {
  const answers = new PeerAnswers(bundle, edges, svid.id);
  const record = new AnswerRecord();
  const [outermost] = answered.actors;
  const actors = outermost?.equals(svid.id) ? answered.actors : [svid.id, ...answered.actors];
  for (const [index, callee] of calls.entries()) {
    const audience = svid.id.toString();
    const request = requestTo(`${answered.request.path}/${index}`);
    const inner = { ...answered, audience, actors, request, whole: false };
    const { nodes } = await answers.verify(await serve(callee, inner, bundle, edges), {
      ...{ peer: callee.svid.id, txn: answered.txn, now: NOW },
      delegation: {
        ...{ subject: answered.subject, actors },
        ...{ scope: answered.scope, tokenHash: answered.tokenHash },
      },
      request: await requestDigest(request),
    });
    record.input(
      nodes.map(({ compact }) => compact),
      nodes.map(({ statement }) => statement.request),
    );
  }
  note?.(record);
  return (await new AnswerSigner(svid.id, svid).sign(content, answered, record, NOW)).text;
}
