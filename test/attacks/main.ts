import 'reflect-metadata';
import { Campaign, type Verdict } from './attack.js';
import { AttackedMesh } from './mesh/attacked-mesh.js';
import { row, summary, tableHead } from './report.js';
import { ATTACKS } from './rows/index.js';

const only = process.argv.slice(2);
const numbers = new Set(ATTACKS.map(({ number }) => String(number)));
const unknown = only.find((one) => !numbers.has(one));
if (unknown !== undefined) {
  process.stderr.write(
    `There is no attack ${unknown}: give numbers of the list in test/attacks/README.md.\n`,
  );
  process.exit(2);
}
const chosen = ATTACKS.filter(({ number }) => only.length === 0 || only.includes(String(number)));

const stopped = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => stopped.abort());
}
process.stderr.write('Starting the mesh…\n');
const mesh = await AttackedMesh.start();
const campaign = new Campaign(mesh, chosen);
const verdicts: Verdict[] = [];
try {
  process.stdout.write(`${tableHead()}\n`);
  for (const attack of chosen) {
    if (stopped.signal.aborted) break;
    const verdict = await campaign.judge(attack);
    verdicts.push(verdict);
    process.stdout.write(`${row(verdict)}\n`);
  }
} finally {
  await mesh.close();
}
process.stdout.write(`${summary(verdicts)}\n`);
const whole = verdicts.length === chosen.length;
process.exit(whole && verdicts.every(({ outcome }) => outcome === 'blocked') ? 0 : 1);
