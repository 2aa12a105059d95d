import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mintCa, type Minted, type MintedCa } from '@test/kit';
import { FollowedTls } from './followed-tls.js';
import type { TlsMaterial } from './tls-files.js';

let ca: MintedCa;
let folder: string;
let followed: FollowedTls;
let changes: TlsMaterial[];
let refused: unknown[];

beforeAll(async () => {
  ca = await mintCa({ trustDomain: 'example.org' });
});
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tls-'));
  changes = [];
  refused = [];
  write(await issue());
  followed = new FollowedTls(
    { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') },
    {
      host: 'localhost',
      onChange: (material) => changes.push(material),
      onRefused: (error) => refused.push(error),
    },
  );
});
afterEach(() => {
  followed.close();
  rmSync(folder, { recursive: true });
});

function issue(name = 'localhost'): Promise<Minted> {
  return ca.issue({ uris: [], dnsNames: [name] });
}

function write({ chainPem, keyPem }: Minted): void {
  for (const [name, text] of Object.entries({ 'cert.pem': chainPem, 'key.pem': keyPem })) {
    writeFileSync(join(folder, `${name}.new`), text, { mode: 0o600 });
    renameSync(join(folder, `${name}.new`), join(folder, name));
  }
}

const BAD: [what: string, code: string, change: () => Promise<void> | void][] = [
  ['is for another name', 'ERR_TLS_CERTIFICATE_HOST', async () => write(await issue('other'))],
  ['holds nothing', 'ERR_TLS_FILE_INVALID', () => writeFileSync(join(folder, 'cert.pem'), '')],
  ['is gone', 'ERR_TLS_FILE_UNREADABLE', () => rmSync(join(folder, 'key.pem'))],
  [
    'has expired',
    'ERR_TLS_CERTIFICATE_EXPIRED',
    async () => write(await ca.issue({ dnsNames: ['localhost'], notAfter: new Date(0) })),
  ],
];

describe('FollowedTls', () => {
  it('takes what was renewed', async () => {
    const renewed = await issue();
    write(renewed);
    followed.look();
    expect(changes.map(({ certificate }) => certificate)).toEqual([renewed.chainPem]);
    expect(followed.current.key).toBe(renewed.keyPem);
    followed.look();
    expect(changes).toHaveLength(1);
    expect(refused).toEqual([]);
  });

  it('notices it by itself', async () => {
    const renewed = await issue();
    const changed = new Promise<void>((resolve) => {
      changes.push = () => {
        resolve();
        return 0;
      };
    });
    write(renewed);
    await changed;
    expect(followed.current.certificate).toBe(renewed.chainPem);
  });

  it('keeps the last good one while the other file is still the old one', async () => {
    const before = followed.current;
    const renewed = await issue();
    writeFileSync(join(folder, 'cert.pem'), renewed.chainPem);
    followed.look();
    expect(followed.current).toBe(before);
    expect(refused).toEqual([expect.objectContaining({ code: 'ERR_TLS_KEY_MISMATCH' })]);
    writeFileSync(join(folder, 'key.pem'), renewed.keyPem);
    followed.look();
    expect(followed.current.certificate).toBe(renewed.chainPem);
  });

  it.each(BAD)(
    'refuses what %s, says so once, and keeps the last good one',
    async (_what, code, change) => {
      const before = followed.current;
      await change();
      followed.look();
      followed.look();
      expect(refused).toEqual([expect.objectContaining({ code })]);
      expect(followed.current).toBe(before);
      expect(changes).toEqual([]);
      const renewed = await issue();
      write(renewed);
      followed.look();
      expect(followed.current.certificate).toBe(renewed.chainPem);
      rmSync(join(folder, 'key.pem'));
      followed.look();
      // Another fault than before, or the same one again after all was well.
      expect(refused).toHaveLength(2);
    },
  );

  it('looks at nothing any more once it is closed, twice too', async () => {
    followed.close();
    followed.close();
    write(await issue());
    expect(changes).toEqual([]);
  });

  it('does not begin with what cannot be used', () => {
    rmSync(join(folder, 'key.pem'));
    const files = { certificate: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
    const nothing = () => undefined;
    expect(
      () => new FollowedTls(files, { host: undefined, onChange: nothing, onRefused: nothing }),
    ).toThrow(expect.objectContaining({ code: 'ERR_TLS_FILE_UNREADABLE' }));
  });
});
