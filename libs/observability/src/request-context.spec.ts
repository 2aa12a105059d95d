import { describe, expect, it } from '@jest/globals';
import type { RequestContext } from '@mesh/contracts';
import {
  currentAgent,
  currentContext,
  requireContext,
  runAsAgent,
  runInContext,
} from './request-context.js';

const writer = { agent: 'writer', spiffeId: 'spiffe://mesh.local/ns/agents/sa/writer' };

function contextOf(agent: string): RequestContext {
  return {
    agent,
    correlationId: 'correlation-1',
    traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    traceId: '0af7651916cd43dd8448eb211c80319c',
    deadline: 0,
    signal: new AbortController().signal,
  };
}

describe('request context', () => {
  it('is absent outside of agents and requests', () => {
    expect(currentAgent()).toBeUndefined();
    expect(currentContext()).toBeUndefined();
  });

  it('can be required', () => {
    const context = contextOf('writer');
    expect(runInContext(context, requireContext)).toBe(context);
    expect(requireContext).toThrow('No request is being served here.');
  });

  it('reaches what the agent and the request start', async () => {
    const context = contextOf('writer');
    const seen = await runAsAgent(writer, () =>
      runInContext(context, async () => {
        await new Promise((resolve) => setImmediate(resolve));
        return { agent: currentAgent(), request: currentContext() };
      }),
    );
    expect(seen).toEqual({ agent: writer, request: context });
  });

  it('is the agent’s alone outside of its requests', () => {
    const request = runAsAgent(writer, () => {
      runInContext(contextOf('writer'), () => undefined);
      return currentContext();
    });
    expect(request).toBeUndefined();
  });

  it('keeps no identity of another agent in a request', () => {
    const agent = runAsAgent(writer, () => runInContext(contextOf('researcher'), currentAgent));
    expect(agent).toBeUndefined();
  });

  it('takes the agent that is named, in a context of none', () => {
    expect(runInContext(contextOf('writer'), currentAgent, writer)).toBe(writer);
  });
});
