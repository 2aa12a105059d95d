import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { RequestError } from '@mesh/agent';

const PATH = '/sign-in/back-channel';

/** The one route that takes a form (OpenID Connect Back-Channel Logout 1.0, 2.5), as the text it came as. */
export function takeLogoutTokens(app: NestFastifyApplication): void {
  app
    .getHttpAdapter()
    .getInstance()
    .addContentTypeParser(
      'application/x-www-form-urlencoded',
      { parseAs: 'string' },
      ({ routeOptions }, body, done) => {
        if (routeOptions.url === PATH) done(null, body);
        else done(new RequestError('ERR_BODY_TYPE', 'The body is a form.'));
      },
    );
}
