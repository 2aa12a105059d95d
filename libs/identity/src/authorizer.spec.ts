import { describe, expect, it } from '@jest/globals';
import {
  AuthorizationError,
  authorizeAny,
  authorizeId,
  authorizeMemberOf,
  authorizeOneOf,
  type Authorizer,
  SpiffeId,
  TrustDomain,
  type VerifiedChain,
} from './index.js';

const writer = SpiffeId.parse('spiffe://mesh.test/writer');
const researcher = SpiffeId.parse('spiffe://mesh.test/researcher');
const foreign = SpiffeId.parse('spiffe://elsewhere.test/writer');

const ask = (authorizer: Authorizer, id: SpiffeId) => () =>
  authorizer({ id, chain: { id } as VerifiedChain });
const refused = expect.objectContaining({ code: 'ERR_PEER_NOT_AUTHORIZED' });

describe('authorizers', () => {
  it('authorizeAny takes any verified peer', () => {
    expect(ask(authorizeAny(), foreign)).not.toThrow();
  });

  it('authorizeId takes exactly one', () => {
    expect(ask(authorizeId(writer), writer)).not.toThrow();
    expect(ask(authorizeId(writer), researcher)).toThrow(refused);
    expect(ask(authorizeId(writer), foreign)).toThrow(refused);
    expect(ask(authorizeId(writer), writer.trustDomain.id)).toThrow(refused);
  });

  it('authorizeOneOf takes those named, and nobody if none is', () => {
    expect(ask(authorizeOneOf(writer, researcher), researcher)).not.toThrow();
    expect(ask(authorizeOneOf(writer, researcher), foreign)).toThrow(refused);
    expect(ask(authorizeOneOf(), writer)).toThrow(refused);
  });

  it('authorizeMemberOf takes the workloads of the trust domain', () => {
    const authorizer = authorizeMemberOf(TrustDomain.parse('mesh.test'));
    expect(ask(authorizer, writer)).not.toThrow();
    expect(ask(authorizer, foreign)).toThrow(refused);
  });

  it('names the peer and why', () => {
    expect.assertions(3);
    try {
      ask(authorizeId(writer), foreign)();
    } catch (error) {
      expect(error).toBeInstanceOf(AuthorizationError);
      expect((error as AuthorizationError).peerId).toBe(foreign);
      expect((error as AuthorizationError).cause).toMatchObject({
        code: 'ERR_SPIFFE_ID_NOT_MATCHED',
      });
    }
  });
});
