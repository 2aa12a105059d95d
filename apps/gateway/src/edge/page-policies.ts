import { createHash } from 'node:crypto';

/** What a page may not in any case: be framed, or have another base. */
const CLOSED = "frame-ancestors 'none'; base-uri 'none'";
/** What all but the web interface may not besides: send a form. */
const WITHOUT_FORMS = `${CLOSED}; form-action 'none'`;

/** Of a page without scripts whose one `<style>` holds exactly this text. */
export function policyOfStyle(style: string): string {
  const digest = createHash('sha256').update(style).digest('base64');
  return `default-src 'none'; style-src 'sha256-${digest}'; ${WITHOUT_FORMS}`;
}

/**
 * Of the web interface: its own scripts and nothing else; styles that its component library makes carry the response's
 * nonce.
 */
export function policyOfPage(nonce: string): string {
  return `default-src 'none'; script-src 'self'; style-src 'self' 'nonce-${nonce}'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; form-action 'self'; ${CLOSED}`;
}

/** Of its files. To a script that runs as a worker it is all: it loads scripts of its own, and can send nothing anywhere. */
export const POLICY_OF_ASSETS = `default-src 'none'; script-src 'self'; ${WITHOUT_FORMS}`;

/**
 * Of the API page: its scripts are files of its own, styles stand in its HTML and its drawings. It reaches the issuer,
 * where it signs people in by itself.
 */
export function policyOfDocs(issuerUrl: string): string {
  return `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ${new URL(issuerUrl).origin}; ${WITHOUT_FORMS}`;
}
