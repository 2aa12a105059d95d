import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parseTrustDocument, serializeTrustDocument, verifyAnswer } from '@mesh/provenance';
import { request } from 'undici';
import { RunningAgents } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

let mesh: RunningAgents;
let bearer: string;

beforeAll(async () => {
  mesh = await RunningAgents.start(
    agentsUnderTest({ search: new ScriptedSearch(), model: new ScriptedModel() }),
  );
  bearer = await mesh.signIn('analyst', 'research:fast research:deep draft:write');
});
afterAll(() => mesh.close());

async function ask(body: object, headers: Record<string, string> = {}) {
  const response = await request(`${mesh.agent('gateway').url}/v1/research`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      authorization: `Bearer ${bearer}`,
      ...headers,
    },
    body: JSON.stringify(body),
  });
  return { ...response, text: await response.body.text() };
}

function trust() {
  const { trustDomain, authorities } = mesh.authority.bundle();
  return parseTrustDocument(
    serializeTrustDocument({
      bundle: { trustDomain, x509Authorities: authorities },
      root: mesh.directory.spiffeIdOf('gateway'),
      edges: mesh.directory.workloadEdges(),
    }),
  );
}

describe('an answer', () => {
  it('is signed by each agent that had a part in it, for the person who asked', async () => {
    const { statusCode, text } = await ask({ question: 'What is an SVID?', depth: 'deep' });
    if (statusCode !== 200)
      console.log(
        text,
        JSON.stringify(
          mesh.log.filter((l) => l['level'] !== 'info'),
          null,
          1,
        ),
      );
    expect(statusCode).toBe(200);
    const { verdict, nodes } = await verifyAnswer(text, trust(), { now: new Date() });
    expect(verdict).toBe('valid');
    expect(nodes.map(({ statement }) => statement.iss.toString())).toEqual(
      ['gateway', 'researcher', 'writer'].map((name) => mesh.directory.spiffeIdOf(name).toString()),
    );
  });
});
