import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { serializeBundleDocument } from '@mesh/identity';
import { parseTrustDocument, serializeTrustDocument, verifyAnswer } from '@mesh/provenance';
import { request } from 'undici';
import { RunningAgents, type AgentUnderTest } from '../kit/running-agents.js';
import { agentsUnderTest, ScriptedModel, ScriptedSearch } from './agents-under-test.js';

const QUESTION = { question: 'What is an SVID?' };

function agents(actsFor?: Readonly<Record<string, string>>): AgentUnderTest[] {
  return agentsUnderTest({ search: new ScriptedSearch(), model: new ScriptedModel() }).map(
    (agent) => {
      const instead = actsFor?.[agent.definition.name];
      return instead === undefined
        ? agent
        : { ...agent, file: agent.file.replace(/actsFor: \{.*\}/, `actsFor: ${instead}`) };
    },
  );
}

async function ask(mesh: RunningAgents, bearer: string, body: object) {
  const response = await request(`${mesh.agent('gateway').url}/v1/research`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${bearer}` },
    body: JSON.stringify(body),
  });
  const challenge = response.headers['www-authenticate'];
  return { status: response.statusCode, text: await response.body.text(), challenge };
}

/** Status and code of the problem that a question ends with. */
async function refusalOf(mesh: RunningAgents, account: string, body: object = QUESTION) {
  const bearer = await mesh.signIn(account, 'research:fast research:deep draft:write');
  const { status, text } = await ask(mesh, bearer, body);
  const { code, detail } = JSON.parse(text) as Record<string, unknown>;
  return { status, code, detail };
}

describe('an answer', () => {
  let mesh: RunningAgents;
  beforeAll(async () => {
    mesh = await RunningAgents.start(agents());
  });
  afterAll(() => mesh.close());

  function bundle() {
    const { trustDomain, authorities } = mesh.authority.bundle();
    return { trustDomain, x509Authorities: authorities };
  }

  const trustText = () =>
    serializeTrustDocument({
      bundle: bundle(),
      root: mesh.directory.spiffeIdOf('gateway'),
      edges: mesh.directory.workloadEdges(),
    });

  it('is verified by what the gateway tells anybody: its trust document, its bundle', async () => {
    for (const [path, document] of [
      ['/v1/trust', trustText()],
      ['/v1/bundle', serializeBundleDocument(bundle())],
    ]) {
      const response = await fetch(`${mesh.agent('gateway').url}${path}`);
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
      expect(await response.text()).toBe(document);
    }
  });

  it('is signed by each agent that had a part in it, for the person who asked', async () => {
    const bearer = await mesh.signIn('analyst', 'research:deep draft:write');
    const { status, text } = await ask(mesh, bearer, { ...QUESTION, depth: 'deep' });
    expect(status).toBe(200);
    const { verdict, nodes } = await verifyAnswer(text, parseTrustDocument(trustText()), {
      now: new Date(),
    });
    expect(verdict).toBe('valid');
    expect(nodes.map(({ statement }) => statement.iss.path.split('/').at(-1))).toEqual([
      'gateway',
      'researcher',
      'writer',
    ]);
    expect(nodes.map(({ statement }) => statement.aud)).toEqual([
      'mesh-cli',
      ...['gateway', 'researcher'].map((name) => mesh.directory.spiffeIdOf(name).toString()),
    ]);
    const { agents } = JSON.parse(text) as { agents: object[] };
    expect(agents).toEqual(
      nodes.map(({ statement, chain }) => ({
        spiffeId: statement.iss.toString(),
        serialNumber: chain.chain[0]!.serialNumber,
        notAfter: chain.chain[0]!.notAfter.toISOString(),
      })),
    );
    expect(nodes.map(({ statement }) => statement.producers)).toEqual([
      [],
      [{ kind: 'tool', provider: 'documents', name: 'search' }],
      [{ kind: 'tool', provider: 'embedded', name: 'scripted' }],
    ]);
    expect(nodes.map(({ statement }) => statement.edits.map(({ kind }) => kind))).toEqual([
      ['agents-added', 'correlation-id-added'],
      [],
      [],
    ]);
  });

  it('is not for who lacks the scope, which is named', async () => {
    expect(await refusalOf(mesh, 'reader', { ...QUESTION, depth: 'deep' })).toEqual({
      status: 403,
      code: 'ERR_ACCESS_TOKEN_SCOPE',
      detail: 'The scope research:deep is missing.',
    });
    const fast = await ask(
      mesh,
      await mesh.signIn('reader', 'research:fast draft:write'),
      QUESTION,
    );
    expect(fast.status).toBe(200);
  });

  it('fails where an agent behind lacks its scope, which is named', async () => {
    const { status, text, challenge } = await ask(
      mesh,
      await mesh.signIn('analyst', 'research:fast'),
      QUESTION,
    );
    expect(challenge).toBe('Bearer realm="mesh", error="insufficient_scope"');
    expect({ status, ...(JSON.parse(text) as object) }).toMatchObject({
      status: 403,
      code: 'ERR_TOKEN_SCOPE',
      detail: 'The scope draft:write is missing.',
    });
  });
});

describe('an agent acts for one person and not for another', () => {
  it.each([
    ['the gateway', 'gateway', 'ERR_ACCESS_TOKEN_PERSON'],
    ['the researcher', 'researcher', 'ERR_TOKEN_PERSON'],
    ['the writer', 'writer', 'ERR_TOKEN_PERSON'],
  ])('where %s says so', async (_who, name, code) => {
    const mesh = await RunningAgents.start(agents({ [name]: '{ roles: [analyst] }' }));
    try {
      expect(await refusalOf(mesh, 'reader')).toMatchObject({ status: 403, code });
      const bearer = await mesh.signIn('analyst', 'research:fast draft:write');
      expect(await ask(mesh, bearer, QUESTION)).toMatchObject({ status: 200 });
    } finally {
      await mesh.close();
    }
  });

  it('where a single person is named, by issuer and subject', async () => {
    const issuers = '{ subjects: ["http://mesh.localhost:1#reader"] }';
    const mesh = await RunningAgents.start(agents({ researcher: issuers }));
    try {
      // Of the same name at another issuer.
      expect(await refusalOf(mesh, 'reader')).toMatchObject({
        status: 403,
        code: 'ERR_TOKEN_PERSON',
      });
    } finally {
      await mesh.close();
    }
  });

  it('where nothing is declared, for nobody', async () => {
    const mesh = await RunningAgents.start(agents({ writer: '{}' }));
    try {
      expect(await refusalOf(mesh, 'admin')).toMatchObject({
        status: 403,
        code: 'ERR_TOKEN_PERSON',
      });
    } finally {
      await mesh.close();
    }
  });
});
