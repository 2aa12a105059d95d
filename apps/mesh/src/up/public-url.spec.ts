import { describe, expect, it } from '@jest/globals';
import { loadConfig } from '@mesh/agent';
import { publicUrlOf } from './public-url.js';

describe('publicUrlOf', () => {
  it.each([
    [{}, 'http://127.0.0.1:4000', 'http://mesh.localhost:4000'],
    [{}, 'http://127.0.0.1', 'http://mesh.localhost'],
    [{ MESH_TLS: 'loopback' }, 'https://127.0.0.1', 'https://mesh.localhost'],
    [{ MESH_PUBLIC_URL: 'https://mesh.example' }, 'http://127.0.0.1:4000', 'https://mesh.example'],
  ])('with %j and the listener %s is %s', (env, url, publicUrl) => {
    expect(publicUrlOf(loadConfig({ cwd: '/', env }), url)).toBe(publicUrl);
  });
});
