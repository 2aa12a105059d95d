import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { HealthIndicatorService } from '@nestjs/terminus';
import { FakeClock } from '@test/kit';
import { ScriptedIssuer } from '../../test/scripted-issuer.js';
import { SignInUnderTest } from '../../test/sign-in-under-test.js';
import { SignInHealthIndicator } from './sign-in.health.js';

let at: ScriptedIssuer;
let mesh: SignInUnderTest<FakeClock>;
beforeEach(async () => {
  at = await ScriptedIssuer.start();
  mesh = SignInUnderTest.at(at, new FakeClock());
});
afterEach(async () => {
  mesh.close();
  await at.close();
});

const check = () =>
  new SignInHealthIndicator(mesh.issuer, new HealthIndicatorService()).check('sign-in');

describe('the health of the sign-in', () => {
  it('is up where the issuer takes the gateway', async () => {
    expect(await check()).toEqual({ 'sign-in': { status: 'up', url: at.url } });
  });

  it.each<[string, () => void, string]>([
    ['is not there', () => void (at.fails = 'closed'), 'ERR_SIGN_IN_UNAVAILABLE'],
    ['takes no key of the gateway', () => void (mesh.hasKey = false), 'ERR_SIGN_IN_CLIENT'],
  ])('is degraded while it %s, and up again afterwards', async (_, breakIt, code) => {
    breakIt();
    expect(await check()).toEqual({ 'sign-in': { status: 'degraded', url: at.url, code } });
    at.fails = undefined;
    mesh.hasKey = true;
    mesh.clock.advance(1000);
    expect(await check()).toMatchObject({ 'sign-in': { status: 'up' } });
  });
});
