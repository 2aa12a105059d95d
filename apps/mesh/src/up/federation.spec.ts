import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from '@mesh/agent';
import { serializeBundleDocument, TrustDomain, X509Bundle } from '@mesh/identity';
import { mintCa } from '@test/kit';
import { federatedBundles } from './federation.js';

let folder: string;
let document: string;

beforeAll(async () => {
  const { certificateDer } = await mintCa({ trustDomain: 'partner.test' });
  const bundle = X509Bundle.parse(TrustDomain.parse('partner.test'), certificateDer);
  document = serializeBundleDocument({
    trustDomain: bundle.trustDomain,
    x509Authorities: bundle.authorities,
  });
});
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mesh-federation-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const write = (name: string, text = document) => writeFileSync(join(folder, name), text);
const read = (federation = folder) =>
  federatedBundles(loadConfig({ cwd: tmpdir(), env: { MESH_FEDERATION: federation } }));
const refusal = (why: RegExp) =>
  expect.objectContaining({
    code: 'ERR_CONFIG_INVALID',
    setting: 'MESH_FEDERATION',
    message: expect.stringMatching(why),
  });

describe('federatedBundles', () => {
  it('are none where nothing is set', () => {
    expect(federatedBundles(loadConfig({ cwd: folder, env: {} }))).toEqual([]);
  });

  it('are those of the documents in the folder; what begins with a dot is no document', () => {
    write('partner.test.json');
    mkdirSync(join(folder, '..data'));
    const [bundle, ...others] = read();
    expect(bundle?.trustDomain.name).toBe('partner.test');
    expect(bundle?.authorities).toHaveLength(1);
    expect(others).toEqual([]);
  });

  it('refuses a folder that is not there', () => {
    expect(() => read(join(folder, 'none'))).toThrow(refusal(/none cannot be read \(ENOENT\)\.$/));
  });

  it.each([
    ['notes.txt', 'its name is not <trust domain>.json'],
    ['bad~name.json', ''],
  ])('refuses %s and names the file', (name, why) => {
    write(name);
    expect(() => read()).toThrow(refusal(new RegExp(`${name} is no SPIFFE bundle.*${why}`)));
  });

  it.each([
    ['no JSON', 'x'],
    ['no bundle', '{}'],
    ['no authority', '{"keys":[]}'],
  ])('refuses a document that is %s, and names it', (_, text) => {
    write('partner.test.json', text);
    expect(() => read()).toThrow(refusal(/partner\.test\.json is no SPIFFE bundle document/));
  });

  it('refuses the bundle of the own trust domain', () => {
    write('mesh.local.json');
    expect(() => read()).toThrow(refusal(/mesh\.local\.json .*: it is the own one's\.$/));
  });

  it('does not wait for the other end of a pipe', () => {
    execFileSync('mkfifo', [join(folder, 'partner.test.json')]);
    expect(() => read()).toThrow(refusal(/partner\.test\.json .*: it is not a file\.$/));
  });
});
