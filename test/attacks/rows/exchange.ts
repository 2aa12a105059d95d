import { type Act, type Attack, SUCCEEDED, variants } from '../attack.js';
import type { AttackedMesh } from '../mesh/attacked-mesh.js';
import {
  callResearcher,
  callWriter,
  exchange,
  type ExchangeForm,
  gatewayToken,
  newNonce,
  ofPerson,
  QUESTION,
  researcherToken,
  tokenIn,
  toReplace,
} from '../tools/calls.js';
import { outcomeOf } from '../tools/outcome.js';

/** Who asks the token service, and for what. */
interface Asking {
  readonly as: string;
  readonly form: ExchangeForm;
}
type AskingOf = (mesh: AttackedMesh) => Promise<Asking>;

async function asked(mesh: AttackedMesh, { as, form }: Asking): Promise<string> {
  return outcomeOf(await exchange(mesh, mesh.svidOf(as), form));
}

/** A request to the token service, and the right one beside it. */
function asking(
  number: number,
  name: string,
  expected: string,
  wrong: AskingOf,
  right: AskingOf,
): Attack {
  return {
    number,
    name,
    expected,
    run: async (mesh) => asked(mesh, await wrong(mesh)),
    control: async (mesh) => asked(mesh, await right(mesh)),
  };
}

const replaces =
  (as: string, token: (mesh: AttackedMesh) => Promise<string>, scope = 'draft:write'): AskingOf =>
  async (mesh) => ({ as, form: toReplace(await token(mesh), scope) });
const presents =
  (
    as: string,
    token: (mesh: AttackedMesh) => string | Promise<string>,
    scope = 'research:fast draft:write',
  ): AskingOf =>
  async (mesh) => ({ as, form: ofPerson(await token(mesh), scope) });

/** A token of the gateway for the admin, who may read the audit trail: the archivist serves that. */
const adminToken = (scope: string) => async (mesh: AttackedMesh) =>
  gatewayToken(mesh, await mesh.signIn('admin', 'research:fast draft:write audit:read'), scope);

const anotherQuestion: Act<true> = async (mesh, defect) => {
  const reader = await mesh.signIn('reader', 'research:fast draft:write');
  const token = await gatewayToken(
    mesh,
    reader,
    'research:fast draft:write',
    defect ? 'What is a trust domain?' : QUESTION,
  );
  return outcomeOf(await callResearcher(mesh, { as: mesh.svidOf('gateway'), token }));
};

const otherDepth: Act<true> = async (mesh, defect) => {
  const token = await gatewayToken(mesh, undefined, 'research:fast research:deep draft:write');
  const body = { question: QUESTION, depth: defect ? 'fast' : 'deep' };
  return outcomeOf(await callResearcher(mesh, { as: mesh.svidOf('gateway'), token, body }));
};

/** 11: whose token it is, and for whom an agent may act. */
export const persons: readonly Attack[] = [
  ...variants(11, anotherQuestion, [
    [
      "token of the reader's question with another question",
      'ERR_TOKEN_TRANSACTION',
      true as const,
    ],
  ]),
  ...variants(11, otherDepth, [
    ['token for deep research with a fast one', 'ERR_TOKEN_TRANSACTION', true as const],
  ]),
  ...variants<'admin'>(
    11,
    async (mesh, defect) => {
      const access = await mesh.signIn(defect ?? 'analyst', 'research:fast draft:write');
      const token = await gatewayToken(mesh, access);
      return outcomeOf(await callResearcher(mesh, { as: mesh.svidOf('gateway'), token }));
    },
    [['the researcher is called for a person it may not act for', 'ERR_TOKEN_PERSON', 'admin']],
  ),
  asking(
    11,
    'the researcher replaces the token of a person it may not act for',
    'ERR_EXCHANGE_PERSON',
    replaces('researcher', adminToken('research:fast draft:write')),
    replaces('researcher', gatewayToken),
  ),
];

const stolen: Act<string> = async (mesh, thief = 'researcher') => {
  const token = await researcherToken(mesh);
  // The writer knows the token from its owner: what it remembers of it must not help the thief.
  const first = outcomeOf(await callWriter(mesh, { as: mesh.svidOf('researcher'), token }));
  if (first !== SUCCEEDED) return `first: ${first}`;
  return outcomeOf(await callWriter(mesh, { as: mesh.svidOf(thief), token }));
};

/** 12: a stolen Txn-Token. */
export const stolenTokens: readonly Attack[] = [
  ...variants(12, stolen, [
    ['stolen Txn-Token sent by another caller of the same action', 'ERR_TOKEN_ACTOR', 'archivist'],
    ['stolen Txn-Token sent by a workload that may not call', 'ERR_CALLER_DENIED', 'gateway'],
  ]),
  asking(
    12,
    'stolen Txn-Token presented to the token service by a workload its actor may not call',
    'ERR_EXCHANGE_NO_EDGE',
    replaces('archivist', researcherToken),
    replaces('relay-1', researcherToken),
  ),
  asking(
    12,
    'the same by a workload that its actor may call for something else',
    'ERR_EXCHANGE_NO_EDGE',
    replaces('archivist', adminToken('research:fast draft:write')),
    replaces('archivist', adminToken('audit:read draft:write')),
  ),
];

const missingScope: Act<string> = async (mesh, scope = 'research:fast draft:write') => {
  const token = await gatewayToken(mesh, undefined, scope);
  return outcomeOf(await callResearcher(mesh, { as: mesh.svidOf('gateway'), token }));
};

/** 13: scopes. */
export const scopes: readonly Attack[] = [
  asking(
    13,
    'scope widened at replacement',
    'ERR_EXCHANGE_SCOPE_WIDER',
    replaces('relay-1', researcherToken, 'draft:write research:deep'),
    replaces('relay-1', researcherToken, 'draft:write'),
  ),
  asking(
    13,
    'scope at the first exchange that the person does not have',
    'ERR_EXCHANGE_SCOPE_WIDER',
    presents(
      'gateway',
      (mesh) => mesh.signIn('reader', 'research:fast draft:write'),
      'research:deep draft:write',
    ),
    presents('gateway', (mesh) => mesh.signIn('reader', 'research:fast draft:write')),
  ),
  asking(
    13,
    'scope that the presenter cannot reach',
    'ERR_EXCHANGE_SCOPE_UNREACHABLE',
    replaces('researcher', gatewayToken, 'draft:write research:fast'),
    replaces('researcher', gatewayToken),
  ),
  asking(
    13,
    'scope that nobody serves',
    'ERR_EXCHANGE_SCOPE_INVALID',
    replaces('researcher', gatewayToken, 'draft:write admin:all'),
    replaces('researcher', gatewayToken),
  ),
  ...variants(13, missingScope, [
    ["Txn-Token without the operation's scope", 'ERR_TOKEN_SCOPE', 'draft:write'],
    [
      'Txn-Token with another scope than the operation’s',
      'ERR_TOKEN_SCOPE',
      'research:deep draft:write',
    ],
  ]),
];

/** Replaces a token by each of the workloads in turn. */
const through =
  (...workloads: readonly string[]) =>
  async (mesh: AttackedMesh): Promise<string> => {
    let token = await researcherToken(mesh);
    for (const as of workloads) {
      token = tokenIn(await exchange(mesh, mesh.svidOf(as), toReplace(token, 'draft:write')));
    }
    return token;
  };

/** 24: loops and long chains at the token service. */
export const chains: readonly Attack[] = [
  asking(
    24,
    'loop: the gateway replaces the token that the researcher got for its own',
    'ERR_TOKEN_ACTOR_LOOP',
    replaces('gateway', researcherToken),
    replaces('relay-1', researcherToken),
  ),
  asking(
    24,
    'loop: a workload replaces its own token',
    'ERR_TOKEN_ACTOR_LOOP',
    replaces('researcher', researcherToken),
    replaces('relay-1', researcherToken),
  ),
  asking(
    24,
    'chain of five actors',
    'ERR_TOKEN_ACTOR_DEPTH',
    replaces('relay-3', through('relay-1', 'relay-2')),
    replaces('relay-2', through('relay-1')),
  ),
];

const form =
  (change: ExchangeForm): AskingOf =>
  async (mesh) => {
    const { as, form: right } = await presents('gateway', () => mesh.signIn())(mesh);
    return { as, form: { ...right, ...change } };
  };

/** A right form with something behind it. */
async function withMore(mesh: AttackedMesh, more: string): Promise<string> {
  const { form: right } = await presents('gateway', () => mesh.signIn())(mesh);
  return outcomeOf(await exchange(mesh, mesh.svidOf('gateway'), right, more));
}

/** 25: the token exchange replayed. */
export const replayedExchange: readonly Attack[] = [
  asking(
    25,
    'captured access token presented by a workload without clients',
    'ERR_EXCHANGE_CLIENT',
    presents('researcher', (mesh) => mesh.signIn(), 'draft:write'),
    presents('gateway', (mesh) => mesh.signIn(), 'draft:write'),
  ),
  asking(
    25,
    'captured access token presented by a workload with clients, to none of which it was issued',
    'ERR_EXCHANGE_CLIENT',
    presents('archivist', (mesh) => mesh.door.mint(), 'draft:write'),
    presents(
      'archivist',
      (mesh) => mesh.door.mint({ claims: { client_id: 'mesh-archive' } }),
      'draft:write',
    ),
  ),
  asking(
    25,
    'captured access token presented by a workload that calls nobody',
    'ERR_CALLER_DENIED',
    presents('writer', (mesh) => mesh.signIn(), 'draft:write'),
    presents('gateway', (mesh) => mesh.signIn(), 'draft:write'),
  ),
  asking(
    25,
    'exchange that names an actor other than the TLS peer',
    'ERR_EXCHANGE_PARAMETER_UNSUPPORTED',
    form({ actor_token: 'x', actor_token_type: 'urn:ietf:params:oauth:token-type:jwt' }),
    form({}),
  ),
  asking(
    25,
    'exchange for another trust domain',
    'ERR_EXCHANGE_TARGET',
    form({ audience: 'partner.test' }),
    form({}),
  ),
  asking(
    25,
    'Txn-Token exchanged as if it were an access token',
    'ERR_ACCESS_TOKEN_TYPE',
    presents('gateway', gatewayToken),
    presents('gateway', (mesh) => mesh.signIn()),
  ),
  asking(
    25,
    'access token replaced as if it were a Txn-Token',
    'ERR_TOKEN_TYPE',
    replaces('researcher', (mesh) => mesh.signIn()),
    replaces('researcher', gatewayToken),
  ),
  {
    number: 25,
    name: 'exchange with a second scope parameter',
    expected: 'ERR_EXCHANGE_PARAMETER_REPEATED',
    run: (mesh) => withMore(mesh, '&scope=research%3Adeep'),
    control: (mesh) => withMore(mesh, '&unknown=1'),
  },
  asking(
    25,
    'access token with cnf, exchanged',
    'ERR_ACCESS_TOKEN_BOUND',
    presents('gateway', (mesh) => mesh.door.mint({ claims: { cnf: { jkt: newNonce() } } })),
    presents('gateway', (mesh) => mesh.door.mint()),
  ),
];
