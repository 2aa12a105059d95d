import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { foreignIn } from './state-layout.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-layout-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function make(path: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), '');
}

describe('foreignIn', () => {
  it.each([
    'running.json',
    'issuer-passwords.json',
    'issuer-passwords.json.0123456789abcdef',
    'secrets/pseudonyms',
    'trust/mesh-trust.json',
    'trust/mesh-archive.json.4711',
    'trust/mesh-trust.json.aside',
    'trust/lock.4711',
    'tls/ca.pem',
    'tls/loopback-key.pem.4711',
  ])('knows %s, which a mesh makes, or a crash leaves', (path) => {
    make(path);
    expect(foreignIn(folder)).toEqual([]);
  });

  it.each([
    'passwords.json',
    'issuer-passwords.json.bak',
    'trust/own.json',
    'trust/mesh-trust.json/notes',
    'trust.json',
    'tls/own.pem',
  ])('names %s, which no mesh made', (path) => {
    make(path);
    expect(foreignIn(folder)).toHaveLength(1);
  });
});
