import { describe, expect, it } from '@jest/globals';
import { discoveryUrl } from './discovery-url.js';

describe('discoveryUrl', () => {
  it.each([
    ['https://login.example.org', 'https://login.example.org/.well-known/openid-configuration'],
    ['https://login.example.org/', 'https://login.example.org/.well-known/openid-configuration'],
    ['https://a.test/realms/mesh/', 'https://a.test/realms/mesh/.well-known/openid-configuration'],
  ])('of %s', (issuer, url) => {
    expect(discoveryUrl(issuer)).toBe(url);
  });
});
