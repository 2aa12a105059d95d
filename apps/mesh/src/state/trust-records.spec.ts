import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Writable } from 'node:stream';
import { afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createLogger, type Logger } from '@mesh/observability';
import {
  parseArchiveDocument,
  parseTrustDocument,
  serializeArchiveDocument,
  type ArchivedAuthority,
  type TrustDocument,
} from '@mesh/provenance';
import { Certificate, SpiffeId, TrustDomain } from '@mesh/spiffe';
import { mintCa } from '@test/kit';
import { StateFolder } from './state-folder.js';
import { inheritTrust, keepTrust } from './trust-records.js';

const mesh = TrustDomain.parse('mesh.test');
const idOf = (name: string) => SpiffeId.fromSegments(mesh, name);
const gateway = idOf('gateway');
const NOW = new Date('2026-11-24T12:00:00.900Z');
const SECONDS = Date.parse('2026-11-24T12:00:00Z') / 1000;

let first: Certificate;
let second: Certificate;
let third: Certificate;
let foreign: Certificate;
let state: StateFolder;
let lines: Record<string, unknown>[];

beforeAll(async () => {
  const certificateOf = async (trustDomain: string) =>
    Certificate.parse((await mintCa({ trustDomain })).certificateDer);
  first = await certificateOf('mesh.test');
  second = await certificateOf('mesh.test');
  third = await certificateOf('mesh.test');
  foreign = await certificateOf('other.test');
});
beforeEach(() => {
  state = new StateFolder(mkdtempSync(join(tmpdir(), 'mesh-trust-')));
  state.prepare();
  lines = [];
});
afterEach(() => rmSync(state.path, { recursive: true }));

function trust(authorities: Certificate[], trustDomain = mesh): TrustDocument {
  const root = SpiffeId.fromSegments(trustDomain, 'gateway');
  const edges = [{ caller: root, callee: SpiffeId.fromSegments(trustDomain, 'researcher') }];
  return { bundle: { trustDomain, x509Authorities: authorities }, root, edges };
}

function keep(document: TrustDocument, now = NOW, folder = state): void {
  keepTrust(folder, document, now, logger());
}

function logger(): Logger {
  const destination = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(JSON.parse(chunk.toString()));
      done();
    },
  });
  return createLogger({ level: 'info', format: 'json', destination });
}

const kept = () => parseTrustDocument(readFileSync(state.trustFile, 'utf8'));
const archived = () => parseArchiveDocument(readFileSync(state.archiveFile, 'utf8'));
const entry = (
  certificate: Certificate,
  since: number,
  status: ArchivedAuthority['status'] = 'retired',
) => ({ certificate, status, since });
const writeArchive = (authorities: readonly ArchivedAuthority[]) =>
  writeFileSync(state.archiveFile, serializeArchiveDocument({ trustDomain: mesh, authorities }));

describe('keepTrust', () => {
  it('keeps the trust document, and an archive that is empty at first', () => {
    keep(trust([first]));
    expect(kept().root).toEqual(gateway);
    expect(kept().edges).toEqual([{ caller: gateway, callee: idOf('researcher') }]);
    expect(kept().bundle.x509Authorities.map(({ raw }) => raw)).toEqual([first.raw]);
    expect(archived()).toEqual({ trustDomain: mesh, authorities: [] });
    expect(lines).toEqual([]);
  });

  it('archives a CA that stands no longer, as retired since now in whole seconds', () => {
    keep(trust([first, second]));
    expect(archived().authorities).toEqual([]);
    keep(trust([second]));
    expect(archived().authorities).toMatchObject([{ status: 'retired', since: SECONDS }]);
    expect(archived().authorities[0]?.certificate.raw).toEqual(first.raw);
  });

  it('archives it once, and leaves the time it was retired at', () => {
    keep(trust([first]));
    keep(trust([second]));
    keep(trust([second]), new Date(NOW.getTime() + 60_000));
    keep(trust([first]), new Date(NOW.getTime() + 120_000));
    expect(archived().authorities.map(({ since }) => since)).toEqual([SECONDS, SECONDS + 120]);
  });

  it('archives it at the next start where this one was broken off between the two', () => {
    keep(trust([first]));
    const write = state.write.bind(state);
    const broken = new Error('no space left');
    const writes = jest.spyOn(state, 'write').mockImplementationOnce(write);
    writes.mockImplementationOnce(() => {
      throw broken;
    });
    expect(() => keep(trust([second]))).toThrow(broken);
    writes.mockRestore();
    keep(trust([second]));
    expect(archived().authorities).toEqual([entry(first, SECONDS)]);
  });

  it('is bounded: the oldest retired go, a distrusted one stays', () => {
    keep(trust([first]));
    writeArchive([
      entry(foreign, 1, 'distrusted'),
      ...Array.from({ length: 1000 }, (_, since) => entry(foreign, since)),
    ]);
    keep(trust([second]));
    const { authorities } = archived();
    expect(authorities).toHaveLength(1000);
    expect(authorities[0]).toMatchObject({ status: 'distrusted', since: 1 });
    expect(authorities[1]).toMatchObject({ status: 'retired', since: 2 });
    expect(authorities.at(-1)).toMatchObject({ status: 'retired', since: SECONDS });
  });

  it.each(['trustFile', 'archiveFile'] as const)(
    'sets a damaged %s aside with a warning',
    (file) => {
      keep(trust([first]));
      writeFileSync(state[file], '{"type":');
      keep(trust([second]));
      expect(kept().bundle.x509Authorities.map(({ raw }) => raw)).toEqual([second.raw]);
      expect(readFileSync(`${state[file]}.aside`, 'utf8')).toBe('{"type":');
      expect(lines).toMatchObject([{ level: 'warn', path: `${state[file]}.aside` }]);
      expect(lines[0]).not.toHaveProperty('dropped');
    },
  );

  it('does not mix trust domains: what is of another one is set aside', () => {
    keep(trust([first]));
    keep(trust([foreign], TrustDomain.parse('other.test')));
    expect(archived()).toMatchObject({ authorities: [] });
    expect(archived().trustDomain.name).toBe('other.test');
    expect(lines.map(({ reason }) => reason)).toEqual([
      'it is of another trust domain',
      'it is of another trust domain',
    ]);
  });

  it('leaves nothing in the folder that no mesh made', () => {
    keep(trust([first]));
    writeFileSync(state.trustFile, '');
    keep(trust([second]));
    expect(readdirSync(dirname(state.trustFile)).sort()).toEqual([
      'mesh-archive.json',
      'mesh-trust.json',
      'mesh-trust.json.aside',
    ]);
    state.checkNothingForeign();
  });
});

describe('inheritTrust', () => {
  let gone: StateFolder;
  beforeEach(() => {
    gone = new StateFolder(mkdtempSync(join(tmpdir(), 'mesh-gone-')));
    gone.prepare();
  });
  afterEach(() => rmSync(gone.path, { recursive: true }));
  const archived = () => parseArchiveDocument(readFileSync(state.archiveFile, 'utf8')).authorities;

  it('archives the CAs of a mesh that is gone, and leaves the trust document as it is', () => {
    keep(trust([first]));
    const before = readFileSync(state.trustFile, 'utf8');
    keep(trust([second]), NOW, gone);
    inheritTrust(state, gone, NOW, logger());
    expect(archived()).toEqual([entry(second, SECONDS)]);
    expect(readFileSync(state.trustFile, 'utf8')).toBe(before);
  });

  it('archives those too that were in the archive of that mesh', () => {
    keep(trust([first]));
    keep(trust([second]), NOW, gone);
    keep(trust([third]), NOW, gone);
    inheritTrust(state, gone, new Date(NOW.getTime() + 60_000), logger());
    expect(archived()).toEqual([entry(second, SECONDS), entry(third, SECONDS + 60)]);
  });

  describe('while another process', () => {
    const lock = () => join(dirname(state.trustFile), 'lock');
    const alive = JSON.stringify({ pid: process.pid, startedAt: '', command: 'up' });
    beforeEach(() => {
      keep(trust([first]));
      keep(trust([second]), NOW, gone);
    });

    it.each([
      ['who keeps trust', () => keep(trust([third])), () => [first]],
      ['who inherits it', () => inheritTrust(state, gone, NOW, logger()), () => [second]],
    ])('changes the archive, %s waits for it, and loses nothing', async (_who, change, retired) => {
      const next = join(gone.path, 'next.json');
      const authorities = [entry(foreign, 1)];
      writeFileSync(next, serializeArchiveDocument({ trustDomain: mesh, authorities }));
      writeFileSync(lock(), alive);
      // Ends its change once it sees that this process wants the lock.
      const other = spawn(process.execPath, [
        '-e',
        `const { watch, copyFileSync, rmSync } = require('node:fs');
         const [folder, wanted, next, archive, lock] = process.argv.slice(1);
         const watching = watch(folder, (_, name) => {
           if (name !== wanted) return;
           watching.close();
           copyFileSync(next, archive);
           rmSync(lock);
         });
         console.log('ready');`,
        ...[dirname(lock()), `lock.${process.pid}`, next, state.archiveFile, lock()],
      ]);
      await once(other.stdout, 'data');
      change();
      expect(archived()).toEqual([
        ...authorities,
        ...retired().map((certificate) => entry(certificate, SECONDS)),
      ]);
      await once(other, 'exit');
      expect(readdirSync(dirname(lock())).sort()).toEqual(['mesh-archive.json', 'mesh-trust.json']);
    });

    it('died at it, goes on', async () => {
      const other = spawn(process.execPath, ['-e', '']);
      await once(other, 'exit');
      writeFileSync(lock(), JSON.stringify({ pid: other.pid, startedAt: '1', command: 'up' }));
      inheritTrust(state, gone, NOW, logger());
      expect(archived()).toEqual([entry(second, SECONDS)]);
    });

    it('does not end, goes on after a second', () => {
      writeFileSync(lock(), alive);
      inheritTrust(state, gone, NOW, logger());
      expect(archived()).toEqual([entry(second, SECONDS)]);
    });
  });

  it('takes nothing from another trust domain, nor where no trust is kept', () => {
    keep(trust([foreign], TrustDomain.parse('other.test')), NOW, gone);
    inheritTrust(state, gone, NOW, logger());
    expect(readdirSync(dirname(state.trustFile))).toEqual([]);
    keep(trust([first]));
    inheritTrust(state, gone, NOW, logger());
    expect(archived()).toEqual([]);
    expect(lines).toEqual([]);
  });
});
