import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { authorizeId, createMtlsPool, SpiffeId, type MtlsPool } from '@mesh/identity';
import { SignInUnderTest } from '../../apps/gateway/test/sign-in-under-test.js';
import { issuerFetch } from '../../libs/agent/src/pipeline/issuer-fetch.js';
import { FakeClock } from '../kit/fake-clock.js';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

const ISSUER_ID = SpiffeId.parse('spiffe://mesh.test/ns/mesh/sa/issuer');
/** Tokens live ten minutes, and are renewed from two before that on; the clock stands still while one signs in. */
const ALMOST_OVER_MS = 540_000;

let mesh: RunningAgents;
let rotated: Promise<unknown>;
const pools: MtlsPool[] = [];

beforeAll(async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  rotated = promise;
  mesh = await RunningAgents.start(
    agentsUnderTest({ search: new ScriptedSearch(), model: new ScriptedModel() }),
    {
      svidTtlSeconds: 8,
      onLine: ({ event, agent }) => {
        if (event === 'svid.rotated' && agent === 'gateway') resolve();
      },
    },
  );
});
afterAll(async () => {
  await Promise.all(pools.map((pool) => pool.destroy()));
  await mesh.close();
});

/** Sign-in and sessions at the embedded issuer, by the SVID of a workload and a clock that the test moves. */
async function sessionsAs(workload: string): Promise<SignInUnderTest<FakeClock>> {
  const { url, agentsUrl, resource } = mesh.issuer!;
  const source = await mesh.source(workload);
  const pool = createMtlsPool(agentsUrl!, source, source, authorizeId(ISSUER_ID));
  pools.push(pool);
  const agents = { url: agentsUrl!, spiffeId: ISSUER_ID };
  const browser = mesh.browser();
  return new SignInUnderTest(
    { url, fetch: issuerFetch({ url, agents }, pool), knowsSvids: true },
    async (location) => new URL(await browser.throughIssuer(location, 'analyst')).searchParams,
    new FakeClock(),
    { publicUrl: browser.origin, resource },
  );
}

describe('the tokens of a session, at the embedded issuer', () => {
  it('are renewed by the SVID, once for two requests', async () => {
    const gateway = await sessionsAs('gateway');
    const signed = await gateway.signedIn();
    const before = (await gateway.store.get(signed.hash))!.tokens;
    gateway.clock.jump(ALMOST_OVER_MS);
    const found = await Promise.all(
      [1, 2].map(() => gateway.sessions.find(gateway.request(signed))),
    );
    const after = (await gateway.store.get(signed.hash))!.tokens;
    expect(found.map((one) => one!.accessToken)).toEqual([after.access, after.access]);
    expect(after.access).not.toBe(before.access);
    expect(after.refresh).not.toBe(before.refresh);
    gateway.close();
  });

  it('end with the session where somebody else has used the refresh token', async () => {
    const gateway = await sessionsAs('gateway');
    const signed = await gateway.signedIn();
    const { refresh } = (await gateway.store.get(signed.hash))!.tokens;
    await gateway.issuer.refresh(refresh!);
    gateway.clock.jump(ALMOST_OVER_MS);
    await expect(gateway.sessions.find(gateway.request(signed))).rejects.toMatchObject({
      code: 'ERR_SESSION_ENDED',
    });
    expect(gateway.lines.at(-1)).toMatchObject({ reason: 'ended by the issuer' });
    gateway.close();
  });

  it('are good for nothing once they are taken back', async () => {
    const gateway = await sessionsAs('gateway');
    const signed = await gateway.signedIn();
    const { refresh } = (await gateway.store.get(signed.hash))!.tokens;
    await gateway.issuer.revoke(refresh!);
    await expect(gateway.issuer.refresh(refresh!)).rejects.toMatchObject({
      code: 'ERR_SESSION_ENDED',
    });
    gateway.close();
  });

  it('are given to no other workload: not for a code, not for a refresh token', async () => {
    const gateway = await sessionsAs('gateway');
    const signed = await gateway.signedIn();
    const { refresh } = (await gateway.store.get(signed.hash))!.tokens;
    const thief = await sessionsAs('tts');
    await expect(thief.signedIn()).rejects.toMatchObject({ code: 'ERR_SIGN_IN_FAILED' });
    await expect(thief.issuer.refresh(refresh!)).rejects.toMatchObject({
      code: 'ERR_SIGN_IN_FAILED',
      reason: 'invalid_client',
    });
    // The owner's is not used up by that.
    await gateway.issuer.refresh(refresh!);
    gateway.close();
    thief.close();
  });

  it("outlive the gateway's SVID: another one of the same ID renews them, and the session goes on", async () => {
    const gateway = await sessionsAs('gateway');
    const signed = await gateway.signedIn();
    const browser = mesh.browser();
    await browser.signIn('analyst');
    await rotated;
    expect((await browser.fetch('/v1/me')).status).toBe(200);
    gateway.clock.jump(ALMOST_OVER_MS);
    expect(await gateway.sessions.find(gateway.request(signed))).toBeDefined();
    gateway.close();
  });
});
