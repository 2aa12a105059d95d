import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Campaign } from './attack.js';
import { AttackedMesh } from './mesh/attacked-mesh.js';
import { ATTACKS } from './rows/index.js';

/** The issuer's keys are fetched again after half a minute at the earliest, and a row may wait for that twice. */
const ROW_MS = 130_000;

let mesh: AttackedMesh;
let campaign: Campaign;

beforeAll(async () => {
  mesh = await AttackedMesh.start();
  campaign = new Campaign(mesh, ATTACKS);
});
afterAll(() => mesh.close());

// The rows share one mesh and go in their order: the last ones search what all the others left behind.
describe.each([...new Set(ATTACKS.map(({ number }) => number))])('attack %i', (wanted) => {
  it.each(ATTACKS.filter(({ number }) => number === wanted).map((row) => [row.name, row] as const))(
    '%s',
    async (_name, attack) => {
      const { got, control, outcome } = await campaign.judge(attack);
      expect({ got, control, outcome }).toEqual({
        got: attack.expected,
        control: 'succeeded',
        outcome: 'blocked',
      });
    },
    ROW_MS,
  );
});
