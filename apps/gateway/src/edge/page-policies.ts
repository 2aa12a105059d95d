import { createHash } from 'node:crypto';
import type { AgentContext } from '@mesh/agent/nest';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** What a page may not in any case: be framed, have another base, or send a form. */
const CLOSED = "frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** Of a page without scripts whose one `<style>` holds exactly this text. */
export function policyOfStyle(style: string): string {
  const digest = createHash('sha256').update(style).digest('base64');
  return `default-src 'none'; style-src 'sha256-${digest}'; ${CLOSED}`;
}

/**
 * Headers of the API page. Its scripts are files of its own; styles stand in its HTML and its drawings. It signs people
 * in by itself, in a window that comes back to it: so it is reached by that window, and reaches the issuer.
 */
export function docsHeaders({ issuerUrl }: Pick<AgentContext, 'issuerUrl'>) {
  // Without an issuer the gateway does not start.
  const policy = `default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self' ${new URL(issuerUrl!).origin}; ${CLOSED}`;
  return (request: FastifyRequest, reply: FastifyReply): void => {
    const path = request.url.split('?', 1)[0]!;
    if (!path.startsWith('/docs/')) return;
    void reply.headers({
      'content-security-policy': policy,
      // The window comes from another origin: a stricter policy here would take it from its opener.
      'cross-origin-opener-policy': path.endsWith('/oauth2-redirect.html')
        ? 'unsafe-none'
        : 'same-origin-allow-popups',
    });
  };
}
