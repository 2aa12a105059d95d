import type { AttackedMesh } from './mesh/attacked-mesh.js';

/** What an act comes to that nobody refused; anything else is the code it was refused with. */
export const SUCCEEDED = 'succeeded';

/** One row of the table. */
export interface Attack {
  /** Of the list in the README. */
  readonly number: number;
  readonly name: string;
  /** The exact code that refuses it. */
  readonly expected: string;
  /** For what takes long: called after the first row, so that it goes on beside the others. */
  begin?(mesh: AttackedMesh): void;
  run(mesh: AttackedMesh): Promise<string>;
  /** The same with only the defect removed: it must succeed, or the attack was stopped by something that is broken. */
  control(mesh: AttackedMesh): Promise<string>;
}

/** Something that is done with a defect as the attack, and without one as its control. */
export type Act<Defect> = (mesh: AttackedMesh, defect: Defect | undefined) => Promise<string>;

/** Rows that do the same, each with a defect of its own. */
export function variants<Defect>(
  number: number,
  act: Act<Defect>,
  rows: readonly (readonly [name: string, expected: string, defect: Defect])[],
): Attack[] {
  return rows.map(([name, expected, defect]) => ({
    number,
    name,
    expected,
    run: (mesh) => act(mesh, defect),
    control: (mesh) => act(mesh, undefined),
  }));
}

export interface Verdict {
  readonly attack: Attack;
  readonly got: string;
  /** What the control came to. */
  readonly control: string;
  /** `unclear`: refused by another code than it should be, or the control failed, so that nothing is shown. */
  readonly outcome: 'blocked' | 'succeeded' | 'unclear';
}

/** Rows that are run one after the other on one mesh. */
export class Campaign {
  #begun = false;

  constructor(
    private readonly mesh: AttackedMesh,
    private readonly attacks: readonly Attack[],
  ) {}

  /** Runs a row: the attack, then its control. */
  async judge(attack: Attack): Promise<Verdict> {
    const verdict = await judge(attack, this.mesh);
    // The first one meets a mesh that has not been used: see the order in rows/index.ts.
    if (!this.#begun) for (const other of this.attacks) other.begin?.(this.mesh);
    this.#begun = true;
    return verdict;
  }
}

async function judge(attack: Attack, mesh: AttackedMesh): Promise<Verdict> {
  const got = await told(() => attack.run(mesh));
  const control = await told(() => attack.control(mesh));
  const refused = got === attack.expected && control === SUCCEEDED;
  const outcome = got === SUCCEEDED ? 'succeeded' : refused ? 'blocked' : 'unclear';
  return { attack, got, control, outcome };
}

/** How long one act may take, in milliseconds. */
const PATIENCE_MS = 60_000;

async function told(act: () => Promise<string>): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve('failed: no end in sight'), PATIENCE_MS);
  try {
    return await Promise.race([act(), promise]);
  } catch (error) {
    return `failed: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    clearTimeout(timer);
  }
}
