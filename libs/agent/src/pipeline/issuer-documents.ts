import type { FetchDocument } from '@mesh/delegation';
import type { SpiffeId } from '@mesh/identity';
import type { IssuerFetch } from './issuer-fetch.js';

/** Where the OpenID issuer is. */
export interface IssuerAddress {
  /** Its identifier, `iss` of its tokens. */
  readonly url: string;
  /** Where agents read its documents over mTLS, and as whom it must answer there. Default: at its URL. */
  readonly agents?: { readonly url: string; readonly spiffeId: SpiffeId };
}

/** The issuer's documents, by the way that leads to the issuer. */
export function issuerDocuments(fetch: IssuerFetch): FetchDocument {
  return async (url, { signal }) => {
    const response = await fetch(url, { method: 'GET', headers: {}, signal });
    return { status: response.status, body: await response.text() };
  };
}
