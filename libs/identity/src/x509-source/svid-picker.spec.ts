import { beforeAll, describe, expect, it } from '@jest/globals';
import { SpiffeId } from '@mesh/spiffe';
import { mintCa } from '@test/kit';
import { X509Svid } from '../x509-svid.js';
import { pickByHint, pickById, pickFirst } from './svid-picker.js';

let svids: X509Svid[];
beforeAll(async () => {
  const ca = await mintCa({ trustDomain: 'mesh.test' });
  svids = await Promise.all(
    ['internal', 'external'].map(async (name) => {
      const { chainDer, keyDer } = await ca.issue({ uri: `spiffe://mesh.test/${name}` });
      return X509Svid.parse(chainDer, keyDer, name);
    }),
  );
});

const notPicked = expect.objectContaining({ code: 'ERR_SVID_NOT_PICKED' });

describe('pickFirst', () => {
  it('picks the default identity', () => {
    expect(pickFirst(svids)).toBe(svids[0]);
  });
  it('fails where there is none', () => {
    expect(() => pickFirst([])).toThrow(notPicked);
  });
});

describe('pickById', () => {
  it('picks the SVID with the ID', () => {
    expect(pickById(SpiffeId.parse('spiffe://mesh.test/external'))(svids)).toBe(svids[1]);
  });
  it('fails where there is none', () => {
    expect(() => pickById(SpiffeId.parse('spiffe://mesh.test/other'))(svids)).toThrow(notPicked);
  });
});

describe('pickByHint', () => {
  it('picks the SVID with the hint', () => {
    expect(pickByHint('external')(svids)).toBe(svids[1]);
  });
  it('fails where there is none', () => {
    expect(() => pickByHint('other')(svids)).toThrow(notPicked);
  });
});
