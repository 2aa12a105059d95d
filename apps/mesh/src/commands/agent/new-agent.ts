import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { AgentDirectory, AgentFile, ConfigError, projectFolder } from '@mesh/agent';
import { prepare } from '../prepare.js';
import { assertAgentName } from './agent-name.js';
import { unusedPort } from './unused-port.js';

/** What stands for the agent's name in the template, and nowhere else in it. */
const TEMPLATE_NAME = /\bexample\b/g;
const AGENT_FILE = 'agent.yaml';

/**
 * Makes an agent of one's own in `apps/NAME`: the files of `examples/agent`, under its name and with a port that nobody
 * has. `up` finds it there by itself.
 * @throws CommandError, ConfigError, AgentFileError; then nothing was written
 */
export async function newAgent(name: string): Promise<void> {
  const { config, directory } = prepare({}, { quiet: true });
  // The program that runs this is built in the project's folder.
  const root = projectFolder(import.meta.dirname)!;
  const apps = join(root, 'apps');
  if (config.agents !== apps) {
    throw new ConfigError(
      'agents',
      `MESH_AGENTS is ${config.agents}, but an agent's code and agent.yaml are made in ${apps}: leave it out.`,
    );
  }
  assertAgentName(name, [...directory.names(), ...readdirSync(apps)]);

  const files = readTemplate(join(root, 'examples/agent'), name);
  const port = await unusedPort(name, config, directory);
  const yaml = files.get(AGENT_FILE)!.replace(/^port: \d+/m, `port: ${port}`);
  files.set(AGENT_FILE, yaml);
  const file = AgentFile.parse(yaml, `apps/${name}/${AGENT_FILE}`);
  // Refuses what does not go together, an identity that another agent has for example.
  AgentDirectory.of(
    [...directory.names().map((one) => directory.get(one)), file],
    config.trustDomain,
  );

  write(root, name, files);
  process.stdout.write(nextSteps(file));
}

/** Texts by their paths. */
function readTemplate(template: string, name: string): Map<string, string> {
  const paths = readdirSync(template, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'README.md')
    .map((entry) => relative(template, join(entry.parentPath, entry.name)));
  return new Map(
    paths.map((path) => [
      path,
      readFileSync(join(template, path), 'utf8').replace(TEMPLATE_NAME, name),
    ]),
  );
}

/** All of it or nothing; a folder that is there already is left alone. */
function write(root: string, name: string, files: ReadonlyMap<string, string>): void {
  const folder = join(root, 'apps', name);
  mkdirSync(folder);
  try {
    for (const [path, text] of files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    register(join(root, 'nest-cli.json'), name);
  } catch (error) {
    rmSync(folder, { recursive: true });
    throw error;
  }
}

/** For `nest start NAME --watch`. By the text, so that the file stays formatted. */
function register(file: string, name: string): void {
  const text = readFileSync(file, 'utf8');
  const { projects } = JSON.parse(text) as { projects: Readonly<Record<string, unknown>> };
  if (Object.hasOwn(projects, name)) return;
  const root = `apps/${name}`;
  const project = {
    type: 'application',
    root,
    entryFile: 'main',
    sourceRoot: `${root}/src`,
    compilerOptions: { tsConfigPath: `${root}/tsconfig.app.json` },
  };
  const lines = JSON.stringify({ [name]: project }, null, 2)
    .split('\n')
    .slice(1, -1);
  const entry = lines
    .map((line) => `  ${line}\n`)
    .join('')
    .trimEnd();
  writeFileSync(
    file,
    text.replace(/"projects": \{\n/, (start) => `${start}${entry},\n`),
  );
}

function nextSteps({ name, port, actions, actsFor }: AgentFile): string {
  const [[action, { callers }] = ['', { callers: [] }]] = actions;
  const list = (names: readonly string[] | string = []) => [names].flat().join(', ');
  const test = `npm test -- apps/${name}`;
  const up = './mesh up'.padEnd(test.length);
  return [
    `Made apps/${name}, on port ${port}: ${action}, for ${list(callers)} to call on behalf of ${list(actsFor?.roles)}.`,
    '',
    `  apps/${name}/agent.yaml             who may call it, and for whom`,
    `  apps/${name}/src/run.controller.ts  what it does`,
    `  apps/${name}/src/run.dto.ts         what it is asked and what it answers`,
    '',
    `  ${test}  shows who gets an answer, and who is refused`,
    `  ${up}  starts it with the others`,
    '',
    'How another agent calls it: docs/guides/your-own-agent.md',
    '',
  ].join('\n');
}
