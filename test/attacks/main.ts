import 'reflect-metadata';
import { Campaign, type Verdict } from './attack.js';
import { AttackedMesh } from './mesh/attacked-mesh.js';
import { row, summary, tableHead } from './report.js';
import { ATTACKS } from './rows/index.js';

const only = process.argv.slice(2);
const chosen = ATTACKS.filter(({ number }) => only.length === 0 || only.includes(String(number)));

process.stderr.write('Starting the mesh…\n');
const mesh = await AttackedMesh.start();
const campaign = new Campaign(mesh, chosen);
const verdicts: Verdict[] = [];
try {
  process.stdout.write(`${tableHead()}\n`);
  for (const attack of chosen) {
    const verdict = await campaign.judge(attack);
    verdicts.push(verdict);
    process.stdout.write(`${row(verdict)}\n`);
  }
} finally {
  await mesh.close();
}
process.stdout.write(`${summary(verdicts)}\n`);
process.exitCode = verdicts.every(({ outcome }) => outcome === 'blocked') ? 0 : 1;
