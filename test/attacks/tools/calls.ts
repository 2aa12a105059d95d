import { createHash, randomBytes } from 'node:crypto';
import type { Minted } from '@test/kit';
import { type AttackedMesh, TRUST_DOMAIN } from '../mesh/attacked-mesh.js';
import { send, type WireResponse } from './wire.js';

/** What is asked where it does not matter; the documents have an answer. */
export const QUESTION = 'How does a workload get its SVID?';
const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type';

/** 128 fresh bits, as each caller makes them. */
export function newNonce(): string {
  return randomBytes(16).toString('base64url');
}

/** How a person asks the gateway. */
export interface Asking {
  /** Default: the analyst's; null for none. */
  readonly token?: string | null;
  readonly question?: string;
  readonly depth?: 'fast' | 'deep';
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  /** Behind the path. */
  readonly query?: string;
}

export async function ask(mesh: AttackedMesh, how: Asking = {}): Promise<WireResponse> {
  const { token = await mesh.signIn(), question = QUESTION, depth = 'fast', headers } = how;
  return send(`${mesh.urls.gateway}/v1/research${how.query ?? ''}`, {
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify({ question, depth }),
  });
}

/** How the token service is asked: form parameters, over those of a right request. */
export type ExchangeForm = Readonly<Record<string, string>>;

/**
 * @param as Who asks: its SVID.
 * @param more What stands behind the form.
 */
export function exchange(
  mesh: AttackedMesh,
  as: Minted,
  form: ExchangeForm,
  more = '',
): Promise<WireResponse> {
  return send(`${mesh.urls.tts}/token`, {
    svid: as,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body:
      new URLSearchParams({
        grant_type: TOKEN_EXCHANGE,
        requested_token_type: `${TOKEN_TYPE}:txn_token`,
        audience: TRUST_DOMAIN,
        ...form,
      }).toString() + more,
  });
}

/** A form that exchanges a person's access token. */
export function ofPerson(accessToken: string, scope: string, question = QUESTION): ExchangeForm {
  const depth = scope.includes('research:deep') ? 'deep' : 'fast';
  return {
    subject_token: accessToken,
    subject_token_type: `${TOKEN_TYPE}:access_token`,
    scope,
    request_details: JSON.stringify({
      action: `research:${depth}`,
      depth,
      question: createHash('sha256').update(question).digest('base64url'),
    }),
  };
}

/** A form that replaces a transaction token. */
export function toReplace(txnToken: string, scope: string): ExchangeForm {
  return { subject_token: txnToken, subject_token_type: `${TOKEN_TYPE}:txn_token`, scope };
}

/** The token in an answer that holds one. */
export function tokenIn({ status, body }: WireResponse): string {
  const { access_token: token } = JSON.parse(body) as { access_token?: string };
  if (token === undefined) throw new Error(`no token: ${status} ${body}`);
  return token;
}

/** A right token for the researcher, obtained by the gateway for a person that signed in. */
export async function gatewayToken(
  mesh: AttackedMesh,
  accessToken?: string,
  scope = 'research:fast draft:write',
  question = QUESTION,
): Promise<string> {
  const person = ofPerson(accessToken ?? (await mesh.signIn()), scope, question);
  return tokenIn(await exchange(mesh, mesh.svidOf('gateway'), person));
}

/** A right token for the writer, that the researcher got for the gateway's. */
export async function researcherToken(mesh: AttackedMesh): Promise<string> {
  const form = toReplace(await gatewayToken(mesh), 'draft:write');
  return tokenIn(await exchange(mesh, mesh.svidOf('researcher'), form));
}

/** How an agent is called. */
export interface Calling {
  /** Undefined: no certificate is shown. */
  readonly as: Minted | undefined;
  /** null for none. */
  readonly token: string | null;
  readonly nonce?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: object;
}

export function callResearcher(mesh: AttackedMesh, how: Calling): Promise<WireResponse> {
  return call(`${mesh.urls.researcher}/v1/research`, { question: QUESTION, depth: 'fast' }, how);
}

/** The cheapest call there is: the writer calls nobody. */
export function callWriter(mesh: AttackedMesh, how: Calling): Promise<WireResponse> {
  return call(`${mesh.urls.writer}/v1/drafts`, { question: QUESTION, notes: [], sources: [] }, how);
}

function call(url: string, standard: object, how: Calling): Promise<WireResponse> {
  const { as, token, nonce = newNonce(), headers, body = standard } = how;
  return send(url, {
    ...(as ? { svid: as } : {}),
    headers: {
      'content-type': 'application/json',
      accept: 'application/json',
      'request-nonce': nonce,
      ...(token === null ? {} : { 'txn-token': token }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
}
