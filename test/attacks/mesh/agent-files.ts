import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse, stringify } from 'yaml';

const APPS = join(import.meta.dirname, '../../../apps');

interface AgentYaml {
  actions: Record<string, { callers: string[] }>;
  actsFor: { roles: string[] };
  sessionClient?: string;
}

const EVERYBODY = { roles: ['analyst', 'reader', 'admin'] };

/**
 * Workloads that no program runs as: the suite plays them. Two things need them: a thief who is allowed something else
 * by the same actor, and a chain of callers that is longer than a token may be.
 */
const OTHERS: Readonly<Record<string, object>> = {
  archivist: {
    actions: { 'audit:read': { callers: ['gateway'] } },
    apiClients: ['mesh-archive'],
    port: 4990,
  },
  'relay-1': { actions: { 'draft:write': { callers: ['researcher'] } }, port: 4991 },
  'relay-2': { actions: { 'draft:write': { callers: ['relay-1'] } }, port: 4992 },
  'relay-3': { actions: { 'draft:write': { callers: ['relay-2'] } }, port: 4993 },
};

/** Names of all of them, those of `apps` and the others. */
export const OTHER_AGENTS = Object.keys(OTHERS);

/**
 * The agent.yaml files of the attacked mesh: those of `apps`, and what the attacks need besides: the researcher acts for
 * nobody with the role admin, the gateway has a client for sessions, and the writer is called by two more.
 */
export function writeAgentFiles(folder: string): void {
  for (const name of readdirSync(APPS)) {
    mkdirSync(join(folder, name), { recursive: true });
    try {
      cpSync(join(APPS, name, 'agent.yaml'), join(folder, name, 'agent.yaml'));
    } catch {
      continue; // an app that is no agent
    }
  }
  change(folder, 'researcher', (file) => {
    file.actsFor = { roles: EVERYBODY.roles.filter((role) => role !== 'admin') };
  });
  change(folder, 'gateway', (file) => {
    file.sessionClient = 'mesh-web';
  });
  change(folder, 'writer', (file) => {
    file.actions['draft:write']?.callers.push('archivist', 'relay-3');
  });
  for (const [name, file] of Object.entries(OTHERS)) {
    mkdirSync(join(folder, name), { recursive: true });
    const identity = `/ns/agents/sa/${name}`;
    write(folder, name, { name, identity, actsFor: EVERYBODY, ...file });
  }
}

function change(folder: string, name: string, how: (file: AgentYaml) => void): void {
  const file = parse(readFileSync(join(folder, name, 'agent.yaml'), 'utf8')) as AgentYaml;
  how(file);
  write(folder, name, file);
}

function write(folder: string, name: string, file: object): void {
  writeFileSync(join(folder, name, 'agent.yaml'), stringify(file));
}
