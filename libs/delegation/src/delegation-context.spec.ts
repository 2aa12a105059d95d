import { beforeAll, describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@mesh/contracts';
import { mintCa } from '@test/kit';
import { firstToken, gateway, issuer, svidOf, tts } from '../test/domain.js';
import { bindDelegation, delegationOf } from './delegation-context.js';
import type { TxnToken } from './txn-token/txn-token.js';

let token: TxnToken;
beforeAll(async () => {
  const ca = await mintCa({ trustDomain: 'mesh.test' });
  token = firstToken(await svidOf(ca, tts), new Date());
});

function contextUntil(deadline: number): RequestContext {
  return {
    agent: 'writer',
    correlationId: 'question-0001',
    traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    deadline,
    signal: new AbortController().signal,
  };
}

describe('bindDelegation', () => {
  it('says on whose behalf, without the token', () => {
    const context = contextUntil(0);
    expect(delegationOf(context)).toBeUndefined();
    bindDelegation(context, token, 'pseudonym');
    expect(context.delegation).toEqual({
      userId: 'pseudonym',
      txn: token.txn,
      actors: [gateway.toString()],
      tokenHash: token.hash,
    });
    expect(delegationOf(context)).toBe(token);
    expect(JSON.stringify(context)).not.toContain(token.reveal());
  });

  it('names the person by the subject where logs are to', () => {
    const context = contextUntil(0);
    bindDelegation(context, token, 'subject');
    expect(context.delegation?.userId).toBe(`${issuer}#a1`);
  });

  it('is for good: neither the token nor what is said of it can be replaced', () => {
    const context = contextUntil(0);
    bindDelegation(context, token, 'pseudonym');
    expect(() => bindDelegation(context, token, 'pseudonym')).toThrow('delegated already');
    expect(Object.isFrozen(context.delegation)).toBe(true);
    expect(Object.isFrozen(context.delegation?.actors)).toBe(true);
  });

  it('is of the one context and of no copy', () => {
    const context = contextUntil(0);
    bindDelegation(context, token, 'pseudonym');
    expect(delegationOf({ ...context })).toBeUndefined();
  });

  it('has no deadline later than the end of the token', () => {
    const end = token.expiresAt * 1000;
    for (const [deadline, expected] of [
      [end + 1, end],
      [end - 1, end - 1],
    ] as const) {
      const context = contextUntil(deadline);
      bindDelegation(context, token, 'pseudonym');
      expect(context.deadline).toBe(expected);
    }
  });
});
