import { request } from 'undici';
import { discoveryUrl } from '@mesh/delegation';

/** How long an issuer may take to answer, in milliseconds. */
const ANSWER_MS = 5_000;

/** What is wrong with the OpenID issuer at `url`, as the end of a sentence; undefined where it answers as that issuer. */
export async function issuerFault(url: string): Promise<string | undefined> {
  const { protocol, hostname, port, host, pathname } = new URL(url);
  // Not every resolver knows that names below .localhost are this machine (RFC 6761, section 6.3).
  const at = hostname.endsWith('.localhost')
    ? `${protocol}//127.0.0.1${port && `:${port}`}${pathname}`
    : url;
  try {
    const { statusCode, body } = await request(discoveryUrl(at), {
      headers: { host },
      headersTimeout: ANSWER_MS,
      bodyTimeout: ANSWER_MS,
    });
    if (statusCode !== 200) {
      await body.dump();
      return `it answers with status ${statusCode}`;
    }
    const document = (await body.json()) as { issuer?: unknown } | null;
    if (document?.issuer === undefined) return 'what answers there is no OpenID issuer';
    return document.issuer === url ? undefined : 'what answers there is another issuer';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return error instanceof SyntaxError
      ? 'what answers there is no OpenID issuer'
      : `it does not answer${code === undefined ? '' : ` (${code})`}`;
  }
}
