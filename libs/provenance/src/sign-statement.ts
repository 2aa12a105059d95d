import type { Certificate, SpiffeId } from '@mesh/spiffe';
import { base64UrlText } from './base64url.js';
import {
  assertSize,
  decodeUnverified,
  encodeHeader,
  encodePart,
  type StatementAlgorithm,
} from './compact-jws.js';
import { serializeStatement, type Statement } from './statement.js';

/** Whoever holds the SVID's key. Keep it as long as the SVID: its header is encoded and checked once. */
export interface StatementSigner {
  /** The one that the key is for. */
  readonly algorithm: StatementAlgorithm;
  /** Of the SVID, leaf first, without the root. */
  readonly certificates: readonly Certificate[];
  /** As JWS has it (RFC 7518 3.4): of ECDSA r and s side by side, not DER. */
  sign(data: Uint8Array<ArrayBuffer>): Uint8Array | Promise<Uint8Array>;
}

/**
 * A signed statement in compact form.
 * @throws AnswerError for what no verifier takes: as `parseStatement`, `ERR_ANSWER_CERTIFICATES`, `ERR_ANSWER_STATEMENT_SIZE`
 */
export async function signStatement(
  statement: Statement,
  signer: StatementSigner,
): Promise<string> {
  const input = `${headerOf(signer, statement.iss)}.${encodePart(serializeStatement(statement))}`;
  const signature = await signer.sign(new TextEncoder().encode(input));
  const compact = `${input}.${base64UrlText(signature)}`;
  assertSize(compact);
  return compact;
}

const headers = new WeakMap<StatementSigner, { readonly keyId: SpiffeId; readonly part: string }>();

function headerOf(signer: StatementSigner, keyId: SpiffeId): string {
  const known = headers.get(signer);
  if (known?.keyId.equals(keyId)) return known.part;
  const { algorithm, certificates } = signer;
  const part = encodeHeader({ algorithm, keyId, certificates });
  decodeUnverified(`${part}.${encodePart('{}')}.`);
  headers.set(signer, { keyId, part });
  return part;
}
