import { describe, expect, it } from '@jest/globals';
import { mintCa } from '@test/kit';
import { soak } from '../../test/soak.js';
import { bundleOf, svidOf } from '../../test/workload.js';

// A shorter TTL leaves a loaded machine less than a second between the longest request and the end of its connection.
const SECONDS = 13;
const TTL_SECONDS = 6;

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
