import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { discoveryUrl } from '@mesh/delegation';
import { defineAgent, type AgentContext } from '@mesh/agent/nest';
import { docsHeaders } from './edge/page-policies.js';
import { GatewayModule } from './gateway.module.js';
import { BEARER, SIGN_IN } from './security-schemes.js';
import { ASSETS, serveAssets } from './web/serve-assets.js';

export const agent = defineAgent({
  name: 'gateway',
  listener: 'people',
  module: (context) => GatewayModule.for(context),
  publicPaths: ['/docs', '/docs-yaml', '/openapi.json', ASSETS],
  configure: async (app, context) => {
    await serveAssets(app, context.config.web);
    const docs = docsHeaders(context);
    // The page finds where sign-in comes back to from its own path, and needs the slash for it.
    app
      .getHttpAdapter()
      .getInstance()
      .addHook('onRequest', async (request, reply) => {
        if (request.url === '/docs' && ['GET', 'HEAD'].includes(request.method))
          return reply.redirect('/docs/');
        docs(request, reply);
      });
    const document = new DocumentBuilder()
      .setTitle('Zero Trust AI Agent Mesh')
      .setDescription(
        'Ask a question; every hop behind this gateway is mutually authenticated, on behalf of who is signed in, and every answer is signed by each agent that had a part in it.',
      )
      .setVersion('1')
      .addSecurity(SIGN_IN, {
        type: 'openIdConnect',
        description: 'Sign in at the OpenID issuer: authorization code with PKCE.',
        // Without an issuer it does not start.
        openIdConnectUrl: discoveryUrl(context.issuerUrl!),
      })
      .addBearerAuth({ type: 'http', description: 'An access token: `./mesh token`.' }, BEARER)
      .build();
    SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, document), {
      jsonDocumentUrl: 'openapi.json',
      swaggerOptions: { initOAuth: oauth(context) },
    });
  },
});

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
