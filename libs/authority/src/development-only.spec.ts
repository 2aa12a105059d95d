import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { TrustDomain } from '@mesh/identity';
import { assertDevelopment } from './development-only.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('assertDevelopment', () => {
  const local = TrustDomain.parse('mesh.local');
  let before: string | undefined;
  beforeEach(() => {
    before = process.env.NODE_ENV;
  });
  afterEach(() => {
    process.env.NODE_ENV = before;
  });

  it.each(['mesh.local', 'mesh.test', 'mesh.example', 'mesh.localhost'])('serves %s', (name) => {
    expect(() => assertDevelopment(TrustDomain.parse(name), 'development')).not.toThrow();
  });

  it.each(['mesh.dev', 'example.com', 'local.mesh', 'notlocal'])('does not serve %s', (name) => {
    expect(() => assertDevelopment(TrustDomain.parse(name), 'development')).toThrow(
      code('ERR_AUTHORITY_TRUST_DOMAIN'),
    );
  });

  it.each(['production', 'Production', ' production '])('does not run in %j', (environment) => {
    expect(() => assertDevelopment(local, environment)).toThrow(code('ERR_AUTHORITY_PRODUCTION'));
  });

  it('does not run where NODE_ENV is production, whatever the caller says', () => {
    process.env.NODE_ENV = 'production';
    expect(() => assertDevelopment(local, 'development')).toThrow(code('ERR_AUTHORITY_PRODUCTION'));
    expect(() => assertDevelopment(local, undefined)).toThrow(code('ERR_AUTHORITY_PRODUCTION'));
  });

  it('runs without any environment', () => {
    delete process.env.NODE_ENV;
    expect(() => assertDevelopment(local, undefined)).not.toThrow();
  });
});
