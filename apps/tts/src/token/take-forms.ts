import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/**
 * The token endpoint takes forms alone (RFC 6749, appendix B), as the text they came as: the library reads it more strictly
 * than parsers for web pages do. How long one may be is the limit of agent.yaml.
 */
export function takeForms(app: NestFastifyApplication): void {
  const fastify = app.getHttpAdapter().getInstance();
  fastify.removeContentTypeParser('application/json');
  fastify.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'string' },
    (_request, body, done) => done(null, body),
  );
}
