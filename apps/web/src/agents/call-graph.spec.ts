import { describe, expect, it } from '@jest/globals';
import { callGraph, callsOf } from './call-graph.js';

const edge = (caller: string, agent: string, action: string, delegated = true) => ({
  ...{ caller, agent, action, delegated },
});

const edges = [
  edge('gateway', 'researcher', 'research:fast'),
  edge('researcher', 'writer', 'draft:write'),
  edge('gateway', 'researcher', 'agent:status', false),
  edge('gateway', 'writer', 'agent:status', false),
];

describe('callsOf', () => {
  it('draws one line for all that one calls another for', () => {
    expect(callsOf(edges)).toEqual([
      {
        caller: 'gateway',
        agent: 'researcher',
        delegated: true,
        actions: [
          { name: 'research:fast', delegated: true },
          { name: 'agent:status', delegated: false },
        ],
      },
      expect.objectContaining({ caller: 'researcher', agent: 'writer', delegated: true }),
      expect.objectContaining({ caller: 'gateway', agent: 'writer', delegated: false }),
    ]);
  });
});

describe('callGraph', () => {
  it('places whoever calls above whom they call, and nobody upon another', () => {
    const { nodes, width, height } = callGraph(['writer', 'researcher', 'gateway'], edges);
    const y = (name: string) => nodes.find((node) => node.name === name)!.y;
    expect(y('gateway')).toBeLessThan(y('researcher'));
    expect(y('researcher')).toBeLessThan(y('writer'));
    expect(new Set(nodes.map((node) => `${node.x} ${node.y}`)).size).toBe(3);
    for (const node of nodes) {
      expect(node.x).toBeGreaterThan(0);
      expect(node.x).toBeLessThan(width);
      expect(node.y).toBeLessThan(height);
    }
  });

  it('shows a caller of another trust domain, and an agent that nobody calls', () => {
    const foreign = 'spiffe://other.example/ns/agents/sa/asker';
    const { nodes } = callGraph(['writer', 'idle'], [edge(foreign, 'writer', 'draft:write')]);
    expect(nodes.map(({ name, foreign }) => [name, foreign])).toEqual(
      expect.arrayContaining([
        [foreign, true],
        ['writer', false],
        ['idle', false],
      ]),
    );
  });

  it('ends for agents that call each other, or themselves', () => {
    const { nodes } = callGraph(
      ['a', 'b'],
      [edge('a', 'b', 'x:y'), edge('b', 'a', 'x:y'), edge('a', 'a', 'x:y')],
    );
    expect(nodes).toHaveLength(2);
  });

  it('has a picture of nobody', () => {
    expect(callGraph([], [])).toMatchObject({ nodes: [], calls: [] });
  });
});
