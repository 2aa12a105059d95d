import { describe, expect, it } from '@jest/globals';
import type { ViewNode } from '../proof/verifier.js';
import { leftTheMesh, usedModel } from './left-the-mesh.js';

const node = (statement: object) =>
  ({
    statement: { iss: 'spiffe://mesh.test/ns/a/sa/writer', hosts: [], producers: [], ...statement },
  }) as unknown as ViewNode;
const model = { kind: 'model', provider: 'gemini', name: 'flash' };

describe('leftTheMesh', () => {
  it('tells by agent what it sent where, and to which model', () => {
    const hosts = [{ host: 'api.example', bytes: 12 }];
    const tokens = { input: 3, output: 1 };
    const tool = { kind: 'tool', provider: 'embedded', name: 'search' };
    const nodes = [node({}), node({ hosts, producers: [tool, { ...model, tokens }] })];
    expect(leftTheMesh(nodes)).toEqual([
      {
        ...{ agent: 'writer', spiffeId: 'spiffe://mesh.test/ns/a/sa/writer', hosts },
        models: [{ ...model, tokens }],
      },
    ]);
  });

  it('is empty where nobody called anybody outside', () => {
    expect(leftTheMesh([node({}), node({ producers: [model] })])).toEqual([]);
  });
});

describe('usedModel', () => {
  it('takes a tool for none', () => {
    expect(usedModel([node({ producers: [{ ...model, kind: 'tool' }] })])).toBe(false);
    expect(usedModel([node({}), node({ producers: [model] })])).toBe(true);
  });
});
