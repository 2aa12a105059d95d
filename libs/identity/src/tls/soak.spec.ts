import { describe, expect, it } from '@jest/globals';
import { mintCa } from '@test/kit';
import { soak } from '../../test/soak.js';
import { bundleOf, svidOf } from '../../test/workload.js';

// By hand with 30 s, a TTL of 6 s and requests of up to 0.45 of it; that leaves a loaded machine 0.3 s.
const SECONDS = 5;
const TTL_SECONDS = 3;

describe(`${SECONDS} s of load over SVIDs with a TTL of ${TTL_SECONDS} s`, () => {
  it(
    'fails no request of up to a third of the TTL',
    async () => {
      const ca = await mintCa({ trustDomain: 'a.test' });
      const { requests, failures, rotations, serials } = await soak({
        seconds: SECONDS,
        ttlSeconds: TTL_SECONDS,
        backdateSeconds: 10,
        bundle: bundleOf('a.test', ca),
        issue: (path, validity) => svidOf(ca, path, validity),
      });
      expect(failures).toEqual([]);
      expect(requests).toBeGreaterThan(100);
      for (const count of [...rotations, ...serials]) expect(count).toBeGreaterThanOrEqual(3);
    },
    SECONDS * 1000 + 10_000,
  );
});
