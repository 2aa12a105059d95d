import { defineAgent } from '@mesh/agent/nest';
import { GatewayModule } from './gateway.module.js';
import { serveDocs } from './openapi/docs-page.js';
import { BrowserSessions } from './sign-in/browser-sessions.js';
import { SignInHealthIndicator } from './sign-in/sign-in.health.js';
import { takeLogoutTokens } from './sign-in/take-logout-tokens.js';
import { ASSETS, serveAssets } from './web/serve-assets.js';

export const agent = defineAgent({
  name: 'gateway',
  listener: 'people',
  module: (context) => GatewayModule.for(context),
  publicPaths: ['/docs', '/docs-yaml', '/openapi.json', ASSETS],
  sessions: (app) => app.get(BrowserSessions, { strict: false }),
  health: (app) => [() => app.get(SignInHealthIndicator, { strict: false }).check('sign-in')],
  configure: async (app, context) => {
    await serveAssets(app, context.config.web);
    takeLogoutTokens(app);
    serveDocs(app, context);
  },
});
