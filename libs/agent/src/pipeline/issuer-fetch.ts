import type { MtlsPool } from '@mesh/identity';
import { isLoopbackName } from '../config/kinds.js';
import type { IssuerAddress } from './issuer-documents.js';

/** A request to the OpenID issuer, as OpenID libraries make it. */
export interface IssuerRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sends a request to the OpenID issuer. Redirects are not followed. */
export type IssuerFetch = (url: string, request: IssuerRequest) => Promise<Response>;

/** Bytes of an answer that are read at most. */
const ANSWER_BYTES = 256 * 1024;
/** Statuses of answers that have no body (Fetch, 2.2.3). */
const WITHOUT_BODY = [101, 204, 205, 304];

/**
 * The way to the issuer for who is its client: over mTLS with its ID pinned where it has an SVID (its own origin, and
 * that of its `mtls_endpoint_aliases`; nowhere else), else by its URLs, over TLS or on loopback.
 */
export function issuerFetch(
  { url: issuer, agents }: IssuerAddress,
  pool: MtlsPool | undefined,
): IssuerFetch {
  const origins = [issuer, agents?.url].flatMap((one) => (one ? [new URL(one).origin] : []));
  return async (url, { method, headers, body, signal }) => {
    const target = new URL(url);
    if (pool === undefined) {
      if (target.protocol !== 'https:' && !isLoopbackName(target)) {
        throw new Error('The issuer is to be reached without TLS, and not on loopback.');
      }
      const response = await fetch(url, {
        method,
        headers,
        redirect: 'manual',
        ...(body === undefined ? {} : { body }),
        ...(signal ? { signal } : {}),
      });
      const text = await textOf(response.body ?? []);
      return answer(response.status, response.headers, text);
    }
    if (!origins.includes(target.origin)) throw new Error('The address is not at the issuer.');
    const response = await pool.request({
      method,
      path: target.pathname + target.search,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(signal ? { signal } : {}),
    });
    const given = Object.entries(response.headers).flatMap(([name, value]) =>
      [value ?? []].flat().map((one): [string, string] => [name, one]),
    );
    return answer(response.status, new Headers(given), await textOf(response.body));
  };
}

function answer(status: number, headers: Headers, text: string): Response {
  return new Response(WITHOUT_BODY.includes(status) ? null : text, { status, headers });
}

async function textOf(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of body) {
    size += chunk.length;
    if (size > ANSWER_BYTES) throw new Error('The answer of the issuer is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
