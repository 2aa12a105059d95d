import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  assertDevelopment,
  assertLoopbackAddress,
  assertLoopbackHostname,
} from './development-only.js';

const code = (expected: string) => expect.objectContaining({ code: expected });

describe('assertDevelopment', () => {
  let before: string | undefined;
  beforeEach(() => {
    before = process.env.NODE_ENV;
  });
  afterEach(() => {
    process.env.NODE_ENV = before;
  });

  it.each(['production', 'Production', ' production '])('does not run in %j', (environment) => {
    expect(() => assertDevelopment(environment)).toThrow(code('ERR_ISSUER_PRODUCTION'));
  });

  it('does not run where NODE_ENV is production, whatever the caller says', () => {
    process.env.NODE_ENV = 'production';
    expect(() => assertDevelopment('development')).toThrow(code('ERR_ISSUER_PRODUCTION'));
    expect(() => assertDevelopment(undefined)).toThrow(code('ERR_ISSUER_PRODUCTION'));
  });

  it('runs in any other environment, and without one', () => {
    expect(() => assertDevelopment('development')).not.toThrow();
    delete process.env.NODE_ENV;
    expect(() => assertDevelopment(undefined)).not.toThrow();
  });
});

describe('assertLoopbackAddress', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1'])('binds %s', (address) => {
    expect(() => assertLoopbackAddress(address)).not.toThrow();
  });

  it.each([
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '::ffff:10.0.0.1',
    'localhost',
    '127.0.0.1.example.com',
    '',
  ])('does not bind %j', (address) => {
    expect(() => assertLoopbackAddress(address)).toThrow(code('ERR_ISSUER_ADDRESS'));
  });
});

describe('assertLoopbackHostname', () => {
  it.each(['mesh.localhost', 'localhost', 'a.b.localhost', '127.0.0.1', '[::1]'])(
    'names the issuer %s',
    (hostname) => {
      expect(() => assertLoopbackHostname(hostname)).not.toThrow();
    },
  );

  it.each([
    'mesh.local',
    'localhost.example.com',
    '.localhost',
    'evil.com/.localhost',
    '8.8.8.8',
    '',
  ])('does not name the issuer %j', (hostname) => {
    expect(() => assertLoopbackHostname(hostname)).toThrow(code('ERR_ISSUER_ADDRESS'));
  });
});
