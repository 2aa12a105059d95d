import 'reflect-metadata';
import { judge, type Verdict } from './attack.js';
import { AttackedMesh } from './mesh/attacked-mesh.js';
import { row, summary, tableHead } from './report.js';
import { ATTACKS } from './rows/index.js';

const only = process.argv.slice(2);
const chosen = ATTACKS.filter(({ number }) => only.length === 0 || only.includes(String(number)));

process.stderr.write('Starting the mesh…\n');
const mesh = await AttackedMesh.start();
const verdicts: Verdict[] = [];
try {
  for (const attack of chosen) attack.begin?.(mesh);
  process.stdout.write(`${tableHead()}\n`);
  for (const attack of chosen) {
    const verdict = await judge(attack, mesh);
    verdicts.push(verdict);
    process.stdout.write(`${row(verdict)}\n`);
  }
} finally {
  await mesh.close();
}
process.stdout.write(`${summary(verdicts)}\n`);
process.exitCode = verdicts.every(({ outcome }) => outcome === 'blocked') ? 0 : 1;
