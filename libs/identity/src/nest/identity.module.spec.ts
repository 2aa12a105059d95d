import 'reflect-metadata';
import { afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { Test, type TestingModule } from '@nestjs/testing';
import { mintCa } from '@test/kit';
import { bundleOf, svidOf } from '../../test/workload.js';
import type { X509Svid } from '../x509-svid.js';
import { X509BundleSet } from '../x509-bundle.js';
import { X509Source, type X509Snapshot, type X509SourceState } from '../x509-source/x509-source.js';
import { IdentityHealthIndicator } from './identity.health.js';
import { IdentityModule } from './identity.module.js';
import { X509_SOURCE } from './x509-source.token.js';

let svid: X509Svid;
let bundles: X509BundleSet;
beforeAll(async () => {
  const ca = await mintCa({ trustDomain: 'a.test' });
  svid = await svidOf(ca, '/server');
  bundles = X509BundleSet.of(bundleOf('a.test', ca));
});

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
  jest.restoreAllMocks();
});

/** What the module and the indicator see of a source, in any state. */
function sourceIn(state: X509SourceState, withSvid = true): X509Source {
  const snapshot: X509Snapshot = { svid, svids: [svid], bundles, updatedAt: Date.now() - 5000 };
  const source = {
    state,
    rotations: 3,
    snapshot: withSvid ? snapshot : undefined,
    close: jest.fn(),
  };
  return source as never;
}

async function start(source: X509Source): Promise<TestingModule> {
  const module = await Test.createTestingModule({
    imports: [IdentityModule.registerAsync({ useFactory: () => ({ source }) })],
  }).compile();
  await module.init();
  return module;
}

describe('IdentityModule', () => {
  it('provides the source that it is given, and leaves closing it to its owner', async () => {
    const source = sourceIn('connected');
    const module = await start(source);
    expect(module.get(X509_SOURCE)).toBe(source);
    await module.close();
    expect(source.close).not.toHaveBeenCalled();
  });

  it('opens a source of its own, and closes it', async () => {
    const source = sourceIn('connected');
    const create = jest.spyOn(X509Source, 'create').mockResolvedValue(source);
    const options = { address: 'unix:///nowhere.sock' };
    const module = await Test.createTestingModule({
      imports: [IdentityModule.register(options)],
    }).compile();
    await module.init();
    expect(create).toHaveBeenCalledWith(options);
    expect(module.get(X509_SOURCE)).toBe(source);
    await module.close();
    expect(source.close).toHaveBeenCalledTimes(1);
  });

  it('does not start where the source cannot be opened', async () => {
    const signal = AbortSignal.abort(new Error('no identity in time'));
    await expect(
      Test.createTestingModule({
        imports: [IdentityModule.register({ address: 'unix:///nowhere.sock', signal })],
      }).compile(),
    ).rejects.toThrow('no identity in time');
  });
});

describe('IdentityHealthIndicator', () => {
  const check = async (source: X509Source) => {
    const module = await start(source);
    cleanups.push(() => module.close());
    return module.get(IdentityHealthIndicator).check();
  };

  it('is up with a valid SVID and a Workload API that is there', async () => {
    const { identity } = await check(sourceIn('connected'));
    expect(identity).toEqual({
      status: 'up',
      state: 'connected',
      spiffeId: 'spiffe://a.test/server',
      serialNumber: svid.serialNumber,
      secondsToExpiry: expect.any(Number),
      ageSeconds: expect.any(Number),
      updatedSecondsAgo: 5,
      rotations: 3,
    });
    const { secondsToExpiry, ageSeconds } = identity as unknown as Record<string, number>;
    expect(secondsToExpiry).toBeGreaterThan(3500);
    expect(ageSeconds).toBeGreaterThanOrEqual(60);
  });

  it('is degraded while the Workload API is lost', async () => {
    expect(await check(sourceIn('disconnected'))).toMatchObject({
      identity: { status: 'degraded', state: 'disconnected' },
    });
  });

  it.each(['waiting', 'withdrawn', 'closed'] as const)('is down while %s', async (state) => {
    expect(await check(sourceIn(state, false))).toEqual({ identity: { status: 'down', state } });
  });

  it('is down once the SVID expired', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(svid.notAfter.getTime());
    expect(await check(sourceIn('disconnected'))).toMatchObject({
      identity: { status: 'down', secondsToExpiry: 0 },
    });
  });

  it('takes another key', async () => {
    const module = await start(sourceIn('connected'));
    cleanups.push(() => module.close());
    expect(module.get(IdentityHealthIndicator).check('svid')).toHaveProperty('svid.status', 'up');
  });
});
