import { beforeEach, describe, expect, it } from '@jest/globals';
import { FakeClock } from '@test/kit';
import { PendingSignIns } from './pending-sign-ins.js';

const refused = (code: string) => expect.objectContaining({ code });

let clock: FakeClock;
let pending: PendingSignIns;
beforeEach(() => {
  clock = new FakeClock();
  pending = new PendingSignIns(clock);
});

describe('sign-ins under way', () => {
  it('are taken up again where they were left, each with secrets of its own', () => {
    const { cookie, ...one } = pending.begin('/verify', []);
    const two = pending.begin('/', []);
    expect(new Set([one.state, one.nonce, one.verifier, cookie, two.state, two.cookie]).size).toBe(
      6,
    );
    expect(pending.take(one.state, [cookie])).toMatchObject(one);
  });

  it('work once', () => {
    const { state, cookie } = pending.begin('/', []);
    pending.take(state, [cookie]);
    expect(() => pending.take(state, [cookie])).toThrow(refused('ERR_SIGN_IN_STATE'));
  });

  it('work for ten minutes', () => {
    const [early, late] = [pending.begin('/', []), pending.begin('/', [])];
    clock.advance(599_999);
    pending.take(early.state, [early.cookie]);
    clock.advance(1);
    expect(() => pending.take(late.state, [late.cookie])).toThrow(refused('ERR_SIGN_IN_STATE'));
  });

  it('work for ten minutes after the clock was set back too', () => {
    clock.jump(3_600_000);
    pending.begin('/', []);
    clock.jump(-3_600_000);
    const { state, cookie } = pending.begin('/', []);
    clock.advance(600_000);
    expect(() => pending.take(state, [cookie])).toThrow(refused('ERR_SIGN_IN_STATE'));
  });

  it.each<[string, (cookie: string) => string[]]>([
    ['without its cookie', () => []],
    ['with the cookie of another browser', () => [pending.begin('/', []).cookie]],
    ['with the cookie of nobody', () => ['x'.repeat(43)]],
  ])('are refused %s, and go on in their own', (_, cookies) => {
    const { state, cookie } = pending.begin('/', []);
    expect(() => pending.take(state, cookies(cookie))).toThrow(refused('ERR_SIGN_IN_STATE'));
    expect(pending.take(state, [cookie])).toMatchObject({ state });
  });

  it('go on in several tabs of a browser, in any order', () => {
    const first = pending.begin('/one', []);
    const second = pending.begin('/two', [first.cookie]);
    expect(second.cookie).toBe(first.cookie);
    expect(pending.take(second.state, [first.cookie]).to).toBe('/two');
    expect(pending.take(first.state, [first.cookie]).to).toBe('/one');
  });

  it.each<[string, (known: string) => string[]]>([
    ['nobody was given', () => ['x'.repeat(43)]],
    ['stands beside another', (known) => [known, 'x'.repeat(43)]],
  ])('take no value for a cookie that %s', (_, cookies) => {
    const { cookie } = pending.begin('/', []);
    const given = cookies(cookie);
    expect(given).not.toContain(pending.begin('/', given).cookie);
  });

  it('are sixteen of a browser, of which the oldest gives way', () => {
    const [first, ...others] = Array.from({ length: 16 }, () => undefined).reduce<
      ReturnType<PendingSignIns['begin']>[]
    >((begun) => [...begun, pending.begin('/', begun[0] ? [begun[0].cookie] : [])], []);
    const cookies = [first!.cookie];
    const last = pending.begin('/', cookies);
    expect(() => pending.take(first!.state, cookies)).toThrow(refused('ERR_SIGN_IN_STATE'));
    for (const { state } of [...others, last]) pending.take(state, cookies);
  });

  it('are ten thousand at a time, of which the oldest gives way', () => {
    const [first, second] = [pending.begin('/', []), pending.begin('/', [])];
    for (let count = 2; count <= 10_000; count++) pending.begin('/', []);
    const take = ({ state, cookie }: typeof first) => pending.take(state, [cookie]);
    expect(() => take(first)).toThrow(refused('ERR_SIGN_IN_STATE'));
    expect(take(second)).toMatchObject({ to: '/' });
  });
});
