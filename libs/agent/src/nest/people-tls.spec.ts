import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '../config/config.js';
import { isSecure, peopleTls } from './people-tls.js';

const FILES = { MESH_TLS: 'files', MESH_TLS_CERTIFICATE: '/c.pem', MESH_TLS_KEY: '/k.pem' };

function load(env: Record<string, string | undefined>) {
  return loadConfig({ env: { MESH_STATE: '/state', ...env }, cwd: '/', root: '/' });
}

describe('peopleTls', () => {
  it.each([{}, { MESH_BIND: '::1' }, { MESH_PUBLIC_URL: 'http://localhost:4000' }])(
    'leaves %j to plain HTTP',
    (env) => {
      expect(peopleTls(load(env), 'gateway')).toBeUndefined();
      expect(isSecure(load(env))).toBe(false);
    },
  );

  it('leaves TLS to a proxy on this machine where the public address says so', () => {
    const config = load({ MESH_PUBLIC_URL: 'https://mesh.example.org' });
    expect(peopleTls(config, 'gateway')).toBeUndefined();
    expect(isSecure(config)).toBe(true);
  });

  it.each([
    {},
    { MESH_BIND: '0.0.0.0' },
    { MESH_BIND: '10.1.2.3', MESH_PUBLIC_URL: 'https://mesh.example.org' },
  ])('takes files of one’s own with %j', (env) => {
    const config = load({ ...FILES, ...env });
    expect(peopleTls(config, 'gateway')).toEqual({ certificate: '/c.pem', key: '/k.pem' });
    expect(isSecure(config)).toBe(true);
  });

  it.each([
    {},
    { MESH_BIND: '::1' },
    { MESH_PUBLIC_URL: 'https://localhost:4000' },
    { MESH_PUBLIC_URL: 'https://mesh.localhost:4000' },
    { MESH_PUBLIC_URL: 'https://127.0.0.1:4000' },
    { MESH_PUBLIC_URL: 'https://[::1]:4000' },
  ])('takes the certificate for this machine with %j', (env) => {
    expect(peopleTls(load({ MESH_TLS: 'loopback', ...env }), 'gateway')).toMatchObject({
      certificate: '/state/tls/loopback.pem',
      key: '/state/tls/loopback-key.pem',
    });
  });

  it.each([
    ['plain HTTP beyond loopback', 'bind', /set MESH_TLS=files/, { MESH_BIND: '0.0.0.0' }],
    [
      'plain HTTP beyond loopback, whatever the address',
      'bind',
      /not 10\.0\.0\.1/,
      { MESH_BIND: '10.0.0.1', MESH_PUBLIC_URL: 'https://mesh.example.org' },
    ],
    [
      'a public address without TLS',
      'publicUrl',
      /must begin with https where MESH_TLS is loopback/,
      { MESH_TLS: 'loopback', MESH_PUBLIC_URL: 'http://localhost:4000' },
    ],
    [
      'the certificate for this machine beyond it',
      'tls',
      /for this machine alone/,
      { MESH_TLS: 'loopback', MESH_BIND: '0.0.0.0' },
    ],
    [
      'the certificate for this machine for another name',
      'tls',
      /for this machine alone/,
      { MESH_TLS: 'loopback', MESH_PUBLIC_URL: 'https://mesh.example.org' },
    ],
    [
      'files without a certificate',
      'tlsCertificate',
      /needs MESH_TLS_CERTIFICATE and MESH_TLS_KEY/,
      { MESH_TLS: 'files', MESH_TLS_KEY: '/k.pem' },
    ],
    [
      'files without a key',
      'tlsKey',
      /needs MESH_TLS_CERTIFICATE and MESH_TLS_KEY/,
      { MESH_TLS: 'files', MESH_TLS_CERTIFICATE: '/c.pem' },
    ],
    ['files that nothing reads', 'tls', /MESH_TLS is off/, { MESH_TLS_KEY: '/k.pem' }],
    [
      'files beside the certificate for this machine',
      'tls',
      /MESH_TLS is loopback/,
      { ...FILES, MESH_TLS: 'loopback' },
    ],
  ])('refuses %s', (_what, setting, message, env) => {
    expect(() => peopleTls(load(env), 'gateway')).toThrow(
      expect.objectContaining({
        code: 'ERR_CONFIG_INVALID',
        setting,
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe('the hosts that are served', () => {
  it.each([
    [{}, ['localhost', '127.0.0.1', 'mesh.localhost']],
    [
      { MESH_PUBLIC_URL: 'https://Mesh.example.org:8443' },
      ['localhost', '127.0.0.1', 'mesh.localhost', 'mesh.example.org'],
    ],
    [{ MESH_PUBLIC_URL: 'https://[::1]' }, ['localhost', '127.0.0.1', 'mesh.localhost', '[::1]']],
    [{ MESH_GATEWAY_HOSTS: 'a.example' }, ['a.example']],
    [
      { MESH_GATEWAY_HOSTS: 'a.example', MESH_PUBLIC_URL: 'https://b.example' },
      ['a.example', 'b.example'],
    ],
  ])('with %j are %j', (env, hosts) => {
    expect([...load(env).hosts('gateway')]).toEqual(hosts);
  });
});
