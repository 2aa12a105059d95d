import { DocumentBuilder, SwaggerModule, type OpenAPIObject } from '@nestjs/swagger';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { AgentContext } from '@mesh/agent/nest';
import { ResearchRequestDto } from '@mesh/contracts';
import { discoveryUrl } from '@mesh/delegation';
import { policyOfDocs } from '../edge/page-policies.js';
import { sessionCookieAt } from '../sign-in/session-cookie.js';
import { BEARER, CSRF, SESSION, SIGN_IN } from './security-schemes.js';

/** `/openapi.json`, and the page `/docs` on it. */
export function serveDocs(app: NestFastifyApplication, context: AgentContext): void {
  setPageHeaders(app, context);
  // At the first request: the public address is known once the gateway listens.
  const document = () => closed(SwaggerModule.createDocument(app, describe(context)));
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    swaggerOptions: { initOAuth: oauth(context), requestInterceptor: sendCsrfToken },
  });
}

/**
 * Its policies; and `/docs/` for `/docs`: the page finds its files and where sign-in comes back to from its own
 * address, and needs the slash and no query.
 */
function setPageHeaders(app: NestFastifyApplication, { issuerUrl }: AgentContext): void {
  // Without an issuer the gateway does not start.
  const policy = policyOfDocs(issuerUrl!);
  app
    .getHttpAdapter()
    .getInstance()
    .addHook('onRequest', async ({ url, method }, reply) => {
      const [path, query] = url.split('?', 2) as [string, string?];
      const isElsewhere = path === '/docs' || (path === '/docs/' && query !== undefined);
      if (isElsewhere && ['GET', 'HEAD'].includes(method)) return reply.redirect('/docs/');
      if (!path.startsWith('/docs/')) return;
      void reply.headers({
        'content-security-policy': policy,
        // The page signs people in by a window that comes back to it from another origin: a stricter policy would take the
        // window from its opener.
        'cross-origin-opener-policy': path.endsWith('/oauth2-redirect.html')
          ? 'unsafe-none'
          : 'same-origin-allow-popups',
      });
    });
}

/** Says what decorators cannot: a question has no members but those described, and is no white space alone. */
function closed(document: OpenAPIObject): OpenAPIObject {
  const schema = document.components!.schemas![ResearchRequestDto.name] as ObjectSchema;
  schema.additionalProperties = false;
  // Only a build describes members: the compiler of the tests leaves the Swagger plugin out.
  const question = schema.properties?.['question'];
  if (question) question.pattern = '\\S';
  return document;
}

interface ObjectSchema {
  additionalProperties?: boolean;
  readonly properties?: Readonly<Record<string, { pattern?: string }>>;
}

function describe(context: AgentContext) {
  return new DocumentBuilder()
    .setTitle('Zero Trust AI Agent Mesh')
    .setDescription(
      'Ask a question; every hop behind this gateway is mutually authenticated, on behalf of who is signed in, and every answer is signed by each agent that had a part in it.',
    )
    .setVersion('1')
    .addSecurity(SIGN_IN, {
      type: 'openIdConnect',
      description: 'Sign in at the OpenID issuer: authorization code with PKCE.',
      openIdConnectUrl: discoveryUrl(context.issuerUrl!),
    })
    .addBearerAuth({ type: 'http', description: 'An access token: `./mesh token`.' }, BEARER)
    .addSecurity(SESSION, {
      type: 'apiKey',
      in: 'cookie',
      name: sessionCookieAt(context.publicUrl).name,
      description:
        'The session of a browser that signed in at `/sign-in`. A cookie goes to every port of a host, so it opens nothing without `X-CSRF-Token`; changes also need `Origin`, the public address.',
    })
    .addSecurity(CSRF, {
      type: 'apiKey',
      in: 'header',
      name: 'X-CSRF-Token',
      description:
        'The secret that the sign-in handed over to the page. This page sends it by itself.',
    })
    .build();
}

/** The Authorize button: a public client, PKCE, and a token for this mesh's API (RFC 8707). */
function oauth({ file, config, directory }: AgentContext): object {
  const [, clientId] = file.apiClients;
  return {
    clientId,
    scopes: directory.actionsBehind(file.name),
    usePkceWithAuthorizationCodeGrant: true,
    additionalQueryStringParams: { resource: config.audience() },
  };
}

interface PageRequest {
  readonly url: string;
  readonly headers: Record<string, string>;
}

/**
 * Runs in the page, where its text is sent: who is signed in by the browser is so here too. To this origin alone, since
 * the page calls the issuer as well.
 */
function sendCsrfToken(request: PageRequest): PageRequest {
  const page = globalThis as unknown as { localStorage: Storage; location: URL };
  const token = page.localStorage.getItem('mesh-csrf');
  const { origin } = new URL(request.url, page.location.href);
  if (token !== null && origin === page.location.origin) request.headers['X-CSRF-Token'] = token;
  return request;
}
