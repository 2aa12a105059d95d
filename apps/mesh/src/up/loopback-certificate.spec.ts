import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { loadConfig, loopbackTls, readTlsFiles } from '@mesh/agent';
import { StateFolder } from '../state/state-folder.js';
import { foreignIn } from '../state/state-layout.js';
import { keepLoopbackCertificate, renewLoopbackCertificate } from './loopback-certificate.js';

const DAY = 86_400_000;
const NOW = Date.now();

let state: StateFolder;

const log = { error: jest.fn() };

beforeEach(() => {
  log.error.mockClear();
  state = new StateFolder(mkdtempSync(join(tmpdir(), 'mesh-state-')));
  state.prepare();
});
afterEach(() => rmSync(state.path, { recursive: true }));

function files(): Record<string, string> {
  const folder = join(state.path, 'tls');
  return Object.fromEntries(
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]),
  );
}

/** Which files are others than before. */
function changed(before: Record<string, string>): string[] {
  return Object.entries(files())
    .filter(([name, text]) => before[name] !== text)
    .map(([name]) => name)
    .sort();
}

describe('the certificate for this machine', () => {
  it('is made for its names, for this user alone', () => {
    renewLoopbackCertificate(state, NOW);
    for (const name of Object.keys(files())) {
      expect(statSync(join(state.path, 'tls', name)).mode & 0o777).toBe(0o600);
    }
    expect(statSync(join(state.path, 'tls')).mode & 0o777).toBe(0o700);
    for (const host of ['localhost', 'mesh.localhost', '127.0.0.1', '[::1]']) {
      const { warning } = readTlsFiles(loopbackTls(state.path), host, new Date(NOW));
      expect(warning).toBeUndefined();
    }
    expect(() => readTlsFiles(loopbackTls(state.path), 'mesh.example.org', new Date(NOW))).toThrow(
      expect.objectContaining({ code: 'ERR_TLS_CERTIFICATE_HOST' }),
    );
    expect(foreignIn(state.path)).toEqual([]);
  });

  it('stays, and its CA with it', () => {
    renewLoopbackCertificate(state, NOW);
    const before = files();
    renewLoopbackCertificate(state, NOW + 59 * DAY);
    expect(changed(before)).toEqual([]);
  });

  it('is renewed before it ends, by the same CA', () => {
    renewLoopbackCertificate(state, NOW);
    const before = files();
    renewLoopbackCertificate(state, NOW + 61 * DAY);
    expect(changed(before)).toEqual(['loopback-key.pem', 'loopback.pem']);
  });

  it('has another CA before that one ends', () => {
    renewLoopbackCertificate(state, NOW);
    const before = files();
    renewLoopbackCertificate(state, NOW + 650 * DAY);
    expect(changed(before)).toEqual(['ca-key.pem', 'ca.pem', 'loopback-key.pem', 'loopback.pem']);
  });

  it.each([
    ['loopback.pem', ['loopback-key.pem', 'loopback.pem']],
    ['loopback-key.pem', ['loopback-key.pem', 'loopback.pem']],
    ['ca-key.pem', ['ca-key.pem', 'ca.pem', 'loopback-key.pem', 'loopback.pem']],
    ['ca.pem', ['ca-key.pem', 'ca.pem', 'loopback-key.pem', 'loopback.pem']],
  ])('is made again where %s is broken', (name, made) => {
    renewLoopbackCertificate(state, NOW);
    writeFileSync(join(state.path, 'tls', name), 'half of it');
    const before = files();
    renewLoopbackCertificate(state, NOW);
    expect(changed(before)).toEqual(made);
    expect(readTlsFiles(loopbackTls(state.path), 'localhost', new Date(NOW)).key).toContain('KEY');
  });

  it.each(['off', 'files'])('is not made with MESH_TLS=%s', (tls) => {
    const config = loadConfig({ env: { MESH_STATE: state.path, MESH_TLS: tls }, cwd: state.path });
    keepLoopbackCertificate(config, state, log)();
    expect(readdirSync(state.path)).not.toContain('tls');
  });

  it('is there as soon as the mesh starts', () => {
    const config = loadConfig({
      env: { MESH_STATE: state.path, MESH_TLS: 'loopback' },
      cwd: state.path,
    });
    const end = keepLoopbackCertificate(config, state, log);
    expect(Object.keys(files()).sort()).toEqual([
      'ca-key.pem',
      'ca.pem',
      'loopback-key.pem',
      'loopback.pem',
    ]);
    end();
    end();
  });

  it('that cannot be renewed serves on, and the log says so', () => {
    jest.useFakeTimers({ now: NOW });
    try {
      const config = loadConfig({
        env: { MESH_STATE: state.path, MESH_TLS: 'loopback' },
        cwd: state.path,
      });
      const end = keepLoopbackCertificate(config, state, log);
      const before = files();
      jest.setSystemTime(NOW + 61 * DAY);
      const write = jest.spyOn(state, 'write').mockImplementation(() => {
        throw new Error('ENOSPC');
      });
      jest.advanceTimersByTime(3_600_000);
      expect(log.error).toHaveBeenCalledTimes(1);
      expect(files()).toEqual(before);
      write.mockRestore();
      jest.advanceTimersByTime(3_600_000);
      expect(files()).not.toEqual(before);
      end();
    } finally {
      jest.useRealTimers();
    }
  });
});
