import type { AgentEdgeDto } from '@mesh/contracts';

/** All that one calls another for. */
export interface Call {
  readonly caller: string;
  readonly agent: string;
  readonly actions: readonly { readonly name: string; readonly delegated: boolean }[];
  /** At least one of them on a person's behalf. */
  readonly delegated: boolean;
}

export interface PlacedNode {
  readonly name: string;
  /** Centre, in units of the picture. */
  readonly x: number;
  readonly y: number;
  /** It has no agent.yaml here: a workload of another trust domain. */
  readonly foreign: boolean;
}

export interface CallGraph {
  readonly width: number;
  readonly height: number;
  readonly nodes: readonly PlacedNode[];
  readonly calls: readonly Call[];
}

export const NODE = { width: 128, height: 44 } as const;
const GAP = { x: 32, y: 64, margin: 56 } as const;

/** Edges between the same two as one, in the order in which the first of each stands. */
export function callsOf(edges: readonly AgentEdgeDto[]): Call[] {
  const calls = Map.groupBy(edges, ({ caller, agent }) => `${caller}\n${agent}`);
  return [...calls.values()].map((same) => ({
    caller: same[0]!.caller,
    agent: same[0]!.agent,
    actions: same.map(({ action, delegated }) => ({ name: action, delegated })),
    delegated: same.some(({ delegated }) => delegated),
  }));
}

/** The picture: whoever calls stands above whom they call. */
export function callGraph(agents: readonly string[], edges: readonly AgentEdgeDto[]): CallGraph {
  const calls = callsOf(edges);
  const names = [...new Set([...agents, ...calls.flatMap(({ caller, agent }) => [caller, agent])])];
  const rows = [...Map.groupBy(names, (name) => depthOf(name, calls, [])).entries()]
    .toSorted(([a], [b]) => a - b)
    .map(([, row]) => row);
  const widest = Math.max(1, ...rows.map(({ length }) => length));
  const width = widest * NODE.width + (widest - 1) * GAP.x + 2 * GAP.margin;
  const nodes = rows.flatMap((row, y) =>
    row.map((name, x) => ({
      name,
      x: width / 2 + (x - (row.length - 1) / 2) * (NODE.width + GAP.x),
      y: y * (NODE.height + GAP.y) + NODE.height / 2 + 8,
      foreign: !agents.includes(name),
    })),
  );
  const height = rows.length * (NODE.height + GAP.y) - GAP.y + 16;
  return { width, height, nodes, calls };
}

/** Length of the longest way that leads to it; a way in a circle ends where it closes. */
function depthOf(name: string, calls: readonly Call[], way: readonly string[]): number {
  if (way.includes(name)) return -1;
  const callers = calls.filter(({ agent, caller }) => agent === name && caller !== name);
  return Math.max(-1, ...callers.map(({ caller }) => depthOf(caller, calls, [...way, name]))) + 1;
}
