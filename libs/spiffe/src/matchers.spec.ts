import { describe, expect, it } from '@jest/globals';
import { matchAny, matchId, matchMemberOf, matchOneOf, SpiffeId, TrustDomain } from './index.js';

const writer = SpiffeId.parse('spiffe://mesh.test/writer');
const researcher = SpiffeId.parse('spiffe://mesh.test/researcher');
const foreign = SpiffeId.parse('spiffe://elsewhere.test/writer');
const notMatched = expect.objectContaining({
  name: 'SpiffeIdError',
  code: 'ERR_SPIFFE_ID_NOT_MATCHED',
});

describe('matchers', () => {
  it('matchAny takes any ID', () => {
    expect(() => matchAny()(foreign)).not.toThrow();
  });

  it('matchId takes the one', () => {
    expect(() => matchId(writer)(SpiffeId.parse(writer.toString()))).not.toThrow();
    expect(() => matchId(writer)(researcher)).toThrow(notMatched);
    expect(() => matchId(writer)(foreign)).toThrow(notMatched);
  });

  it('matchOneOf takes those of the list, and none of an empty one', () => {
    const matcher = matchOneOf([writer, researcher]);
    expect(() => matcher(writer)).not.toThrow();
    expect(() => matcher(researcher)).not.toThrow();
    expect(() => matcher(foreign)).toThrow(notMatched);
    expect(() => matchOneOf([])(writer)).toThrow(notMatched);
  });

  it('matchMemberOf takes those of the trust domain', () => {
    const matcher = matchMemberOf(TrustDomain.parse('mesh.test'));
    expect(() => matcher(writer)).not.toThrow();
    expect(() => matcher(foreign)).toThrow(notMatched);
  });
});
