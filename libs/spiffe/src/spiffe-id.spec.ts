import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SpiffeId, SpiffeIdError, TrustDomain } from './index.js';

const td = TrustDomain.parse('example.org');
const long = (length: number) => `spiffe://example.org/${'a'.repeat(length)}`.slice(0, length);

describe('SpiffeId.parse', () => {
  it.each([
    ['spiffe://example.org', 'example.org', ''],
    ['spiffe://example.org/a', 'example.org', '/a'],
    ['spiffe://example.org/ns/agents/sa/writer', 'example.org', '/ns/agents/sa/writer'],
    ['spiffe://example.org/AZaz09.-_', 'example.org', '/AZaz09.-_'],
    ['spiffe://example.org/...', 'example.org', '/...'],
    ['spiffe://example.org/.a', 'example.org', '/.a'],
    ['spiffe://a_b-c.d/x', 'a_b-c.d', '/x'],
    // Names that look like an address or break DNS rules are like any other (SPIFFE-ID 2.1).
    ['spiffe://127.0.0.1/x', '127.0.0.1', '/x'],
    ['spiffe://-/x', '-', '/x'],
    ['spiffe://../x', '..', '/x'],
  ])('accepts %s', (text, name, path) => {
    const id = SpiffeId.parse(text);
    expect(id.trustDomain.name).toBe(name);
    expect(id.path).toBe(path);
    expect(id.toString()).toBe(text);
    expect(JSON.stringify({ id })).toBe(JSON.stringify({ id: text }));
  });

  it('accepts 2048 bytes, and a trust domain of 255', () => {
    expect(SpiffeId.parse(long(2048)).toString()).toHaveLength(2048);
    expect(SpiffeId.parse(`spiffe://${'a'.repeat(255)}/x`).path).toBe('/x');
  });

  it.each([
    ['', 'ERR_SPIFFE_ID_EMPTY'],
    [long(2049), 'ERR_SPIFFE_ID_TOO_LONG'],
    ['example.org/a', 'ERR_SPIFFE_ID_SCHEME'],
    ['https://example.org/a', 'ERR_SPIFFE_ID_SCHEME'],
    ['SPIFFE://example.org/a', 'ERR_SPIFFE_ID_SCHEME'],
    ['spiffe:/example.org/a', 'ERR_SPIFFE_ID_SCHEME'],
    ['spiffe:example.org', 'ERR_SPIFFE_ID_SCHEME'],
    [' spiffe://example.org', 'ERR_SPIFFE_ID_SCHEME'],
    ['spiffe://', 'ERR_TRUST_DOMAIN_EMPTY'],
    ['spiffe:///a', 'ERR_TRUST_DOMAIN_EMPTY'],
    [`spiffe://${'a'.repeat(256)}/x`, 'ERR_TRUST_DOMAIN_TOO_LONG'],
    ['spiffe://Example.org/a', 'ERR_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://user@example.org/a', 'ERR_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://example.org:8443/a', 'ERR_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://ex%61mple.org/a', 'ERR_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://[::1]/a', 'ERR_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://exämple.org/a', 'ERR_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://example.org?q', 'ERR_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://example.org#f', 'ERR_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://example.org\n', 'ERR_TRUST_DOMAIN_CHARACTER'],
    ['spiffe://example.org/', 'ERR_SPIFFE_ID_PATH_TRAILING_SLASH'],
    ['spiffe://example.org/a/', 'ERR_SPIFFE_ID_PATH_TRAILING_SLASH'],
    ['spiffe://example.org//a', 'ERR_SPIFFE_ID_PATH_SEGMENT_EMPTY'],
    ['spiffe://example.org/a//b', 'ERR_SPIFFE_ID_PATH_SEGMENT_EMPTY'],
    ['spiffe://example.org/.', 'ERR_SPIFFE_ID_PATH_SEGMENT_DOTS'],
    ['spiffe://example.org/a/../b', 'ERR_SPIFFE_ID_PATH_SEGMENT_DOTS'],
    ['spiffe://example.org/a?q=1', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['spiffe://example.org/a#f', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['spiffe://example.org/a%2Fb', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['spiffe://example.org/a b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['spiffe://example.org/a\\b', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['spiffe://example.org/ä', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['spiffe://example.org/a\n', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
    ['spiffe://example.org/a\0', 'ERR_SPIFFE_ID_PATH_CHARACTER'],
  ])('refuses %j with %s', (text, code) => {
    expect(() => SpiffeId.parse(text)).toThrow(expect.objectContaining({ code }));
  });

  const name = fc.stringMatching(/^[a-z0-9._-]{1,60}$/);
  const segment = fc.stringMatching(/^[a-zA-Z0-9._-]{1,40}$/).filter((s) => !/^\.\.?$/.test(s));

  it('gives back every right ID as it was', () => {
    fc.assert(
      fc.property(name, fc.array(segment, { maxLength: 8 }), (host, segments) => {
        const text = ['spiffe:/', host, ...segments].join('/');
        const id = SpiffeId.parse(text);
        expect(id.toString()).toBe(text);
        const built = SpiffeId.fromSegments(TrustDomain.parse(host), ...segments);
        expect(built.equals(id)).toBe(true);
        expect(SpiffeId.fromPath(id.trustDomain, id.path).equals(id)).toBe(true);
      }),
    );
  });

  it('either refuses a text by a code or gives it back as it was, and what it takes is plain', () => {
    const near = fc.array(
      fc.constantFrom('spiffe://', 'a', 'Z', '/', '.', '..', '%41', '?', '#', '@', ':', ' ', 'é'),
      { maxLength: 12 },
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      near.map((parts) => parts.join('')),
      near.map((parts) => `spiffe://a/${parts.join('')}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        let id: SpiffeId;
        try {
          id = SpiffeId.parse(text);
        } catch (error) {
          expect(error).toBeInstanceOf(SpiffeIdError);
          return;
        }
        expect(id.toString()).toBe(text);
        expect(text).toMatch(/^spiffe:\/\/[a-z0-9._-]+(\/[a-zA-Z0-9._-]+)*$/);
        // Every other reader of URIs sees the same host and path.
        const url = new URL(text);
        expect(url.pathname).toBe(id.path);
      }),
      { numRuns: 500 },
    );
  });
});

describe('SpiffeId', () => {
  it('is built from a path', () => {
    expect(SpiffeId.fromPath(td, '/a/b').toString()).toBe('spiffe://example.org/a/b');
    expect(SpiffeId.fromPath(td, '').equals(td.id)).toBe(true);
    expect(() => SpiffeId.fromPath(td, 'a')).toThrow(
      expect.objectContaining({ code: 'ERR_SPIFFE_ID_PATH_LEADING_SLASH' }),
    );
    expect(() => SpiffeId.fromPath(td, `/${'a'.repeat(2048)}`)).toThrow(
      expect.objectContaining({ code: 'ERR_SPIFFE_ID_TOO_LONG' }),
    );
  });

  it('is built from segments, none of which can add another', () => {
    expect(SpiffeId.fromSegments(td, 'a', 'b').path).toBe('/a/b');
    expect(SpiffeId.fromSegments(td).path).toBe('');
    expect(() => SpiffeId.fromSegments(td, 'a/b')).toThrow(
      expect.objectContaining({ code: 'ERR_SPIFFE_ID_PATH_CHARACTER' }),
    );
    expect(() => SpiffeId.fromSegments(td, 'a', '')).toThrow(
      expect.objectContaining({ code: 'ERR_SPIFFE_ID_PATH_SEGMENT_EMPTY' }),
    );
    expect(() => SpiffeId.fromSegments(td, '..')).toThrow(
      expect.objectContaining({ code: 'ERR_SPIFFE_ID_PATH_SEGMENT_DOTS' }),
    );
  });

  it('is equal by trust domain and path, and immutable', () => {
    const id = SpiffeId.parse('spiffe://example.org/a');
    expect(id.equals(SpiffeId.parse('spiffe://example.org/a'))).toBe(true);
    expect(id.equals(SpiffeId.parse('spiffe://example.org/A'))).toBe(false);
    expect(id.equals(SpiffeId.parse('spiffe://example.com/a'))).toBe(false);
    expect(id.memberOf(td)).toBe(true);
    expect(id.memberOf(TrustDomain.parse('example.com'))).toBe(false);
    expect(Object.isFrozen(id)).toBe(true);
  });
});

describe('TrustDomain', () => {
  it('is read from a name or from an ID', () => {
    expect(TrustDomain.parse('example.org').equals(td)).toBe(true);
    expect(TrustDomain.parse('spiffe://example.org/a/b').equals(td)).toBe(true);
    expect(td.toString()).toBe('example.org');
    expect(JSON.stringify({ td })).toBe('{"td":"example.org"}');
    expect(td.id.toString()).toBe('spiffe://example.org');
    expect(Object.isFrozen(td)).toBe(true);
  });

  it.each([
    ['', 'ERR_TRUST_DOMAIN_EMPTY'],
    ['a'.repeat(256), 'ERR_TRUST_DOMAIN_TOO_LONG'],
    ['Example.org', 'ERR_TRUST_DOMAIN_CHARACTER'],
    ['example.org/a', 'ERR_TRUST_DOMAIN_CHARACTER'],
    ['example.org:80', 'ERR_TRUST_DOMAIN_CHARACTER'],
    ['https://example.org', 'ERR_SPIFFE_ID_SCHEME'],
    ['spiffe://example.org/', 'ERR_SPIFFE_ID_PATH_TRAILING_SLASH'],
  ])('refuses %j with %s', (text, code) => {
    expect(() => TrustDomain.parse(text)).toThrow(expect.objectContaining({ code }));
  });

  it.each([
    ['mesh.local', true],
    ['local', true],
    ['a.test', true],
    ['a.example', true],
    ['mesh.localhost', true],
    ['example.org', false],
    ['test.org', false],
    ['notlocal', false],
    ['mesh.local.', false],
  ])('%s is for development: %s', (name, development) => {
    expect(TrustDomain.parse(name).isDevelopment).toBe(development);
  });
});
