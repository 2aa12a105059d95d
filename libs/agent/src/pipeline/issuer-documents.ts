import type { FetchDocument } from '@mesh/delegation';
import type { MtlsPool, SpiffeId } from '@mesh/identity';
import { request } from 'undici';

/** Where the OpenID issuer is. */
export interface IssuerAddress {
  /** Its identifier, `iss` of its tokens. */
  readonly url: string;
  /** Where agents read its documents over mTLS, and as whom it must answer there. Default: at its URL. */
  readonly agents?: { readonly url: string; readonly spiffeId: SpiffeId };
}

/** Bytes of a document that are read at most. */
const DOCUMENT_BYTES = 256 * 1024;

/**
 * The way to the issuer's documents: over mTLS with its ID pinned where it has an SVID, else by its URL. Redirects are
 * not followed.
 */
export function issuerDocuments(issuer: string, pool: MtlsPool | undefined): FetchDocument {
  const { origin } = new URL(issuer);
  return async (url, { signal }) => {
    if (pool === undefined) {
      const { statusCode, body } = await request(url, { signal });
      return { status: statusCode, body: await textOf(body) };
    }
    const { origin: at, pathname } = new URL(url);
    if (at !== origin) throw new Error('The document is not at the issuer.');
    const { status, body } = await pool.request({ method: 'GET', path: pathname, signal });
    return { status, body: await textOf(body) };
  };
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > DOCUMENT_BYTES) throw new Error('The document is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
