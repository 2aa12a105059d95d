import { Command } from 'commander';
import type { AskFlags } from './commands/ask/ask.js';
import type { Flags } from './commands/prepare.js';
import type { TokenFlags } from './commands/token.js';
import type { VerifyFlags } from './commands/verify/verify.js';
import {
  account,
  at,
  depth,
  documents,
  json,
  logFormat,
  logLevel,
  model,
  scope,
  search,
} from './options.js';

type UpFlags = Flags & { readonly split?: true };
type Json = { readonly json?: true };

/** The command line of the mesh. What a command needs is loaded when it runs: agents take a second. */
export function program(): Command {
  const mesh = new Command('mesh').description(
    'Zero Trust AI Agent Mesh: ask a question; every hop between the agents proves who it is.',
  );

  mesh
    .command('up')
    .description('start all agents and the embedded stand-ins; Ctrl-C stops them in order')
    .option('--split', 'one process an agent')
    .addOption(documents())
    .addOption(model())
    .addOption(search())
    .addOption(logLevel())
    .addOption(logFormat())
    .action(async (flags: UpFlags) => (await import('./commands/up.js')).up(flags));

  mesh
    .command('ask')
    .description('ask one question, of the running mesh or of one started for it')
    .argument('<question>', 'in any language, in quotes')
    .addOption(depth())
    .addOption(account())
    .addOption(json())
    .addOption(documents())
    .addOption(model())
    .addOption(search())
    .addOption(logLevel())
    .action(async (question: string, flags: AskFlags) =>
      (await import('./commands/ask/ask.js')).ask(question, flags),
    );

  mesh
    .command('verify')
    .description('prove who made a kept answer, for whom and from what, or say why it is refused')
    .argument('<file>', 'what ./mesh ask --json printed; - for standard input')
    .option('--trust <file>', 'trust document; default: that of the state folder')
    .option('--archive <file>', 'archive of retired CAs that belongs to it')
    .addOption(at())
    .addOption(json())
    .action(async (file: string, flags: VerifyFlags) =>
      (await import('./commands/verify/verify.js')).verify(file, flags),
    );

  mesh
    .command('token')
    .description('sign in at the running mesh and print an access token, for curl')
    .addOption(account())
    .addOption(scope())
    .action(async (flags: TokenFlags) => (await import('./commands/token.js')).token(flags));

  mesh
    .command('infra')
    .description(
      'start the embedded stand-ins and the token service alone, for agents that are started one by one',
    )
    .addOption(logLevel())
    .addOption(logFormat())
    .action(async (flags: Flags) => (await import('./commands/infra.js')).infra(flags));

  mesh
    .command('status')
    .description('show the running agents, their identities and their health')
    .addOption(json())
    .action(async (flags: Json) => (await import('./commands/status.js')).status(flags));

  mesh
    .command('doctor')
    .description('look for what is commonly wrong, and say what to do')
    .action(async () => (await import('./commands/doctor/doctor.js')).doctor());

  mesh
    .command('config')
    .description('show each configuration value and where it comes from')
    .option('--print', 'print the values (done without it, too)')
    .addOption(json())
    .action(async (flags: Json) => (await import('./commands/config.js')).config(flags));

  const secret = mesh
    .command('secret')
    .description('keep keys of providers, for development: files of mode 0600');
  secret
    .command('set')
    .description('store a key; asks for it without showing it, or reads it from standard input')
    .argument('<name>', 'gemini or tavily')
    .action(async (name: string) => (await import('./commands/secret.js')).setSecret(name));
  secret
    .command('list')
    .description('show the names of the stored keys')
    .action(async () => (await import('./commands/secret.js')).listSecrets());
  secret
    .command('remove')
    .description('remove a stored key')
    .argument('<name>', 'gemini or tavily')
    .action(async (name: string) => (await import('./commands/secret.js')).removeSecret(name));

  mesh
    .command('agent')
    .description('agents of your own')
    .command('new')
    .description('make one in apps/NAME, which ./mesh up starts with the others')
    .argument('<name>', 'lower-case letters, digits and dashes')
    .action(async (name: string) => (await import('./commands/agent/new-agent.js')).newAgent(name));

  mesh
    .command('reset')
    .description('remove the state folder (keys, search index, bundles), after asking')
    .option('--yes', 'do not ask')
    .action(async (flags: { yes?: true }) => (await import('./commands/reset.js')).reset(flags));

  finish(mesh, './mesh');
  return mesh;
}

/** What `--help` shows below the options. */
const EXAMPLES: Readonly<Record<string, readonly string[]>> = {
  './mesh': [
    './mesh up',
    './mesh ask "How does a workload get its SVID?"',
    './mesh secret set gemini && ./mesh up --model gemini',
  ],
  './mesh up': [
    './mesh up',
    './mesh up --documents ~/notes',
    './mesh up --split',
    './mesh up --model gemini --search tavily',
  ],
  './mesh ask': [
    './mesh ask "How does a workload get its SVID?"',
    './mesh ask "What did we decide about backups?" --documents ~/notes --depth deep',
    './mesh ask "What is an SVID?" --as reader',
    './mesh ask "What is an SVID?" --json > answer.json && ./mesh verify answer.json',
  ],
  './mesh verify': [
    './mesh verify answer.json',
    './mesh verify answer.json --at 2026-11-24T18:30:00Z',
    './mesh verify answer.json --trust trust.json --archive archive.json',
    './mesh ask "What is an SVID?" --json | ./mesh verify - --json | jq .verdict',
  ],
  './mesh token': [
    './mesh token | sed "s/^/Authorization: Bearer /" | curl -H @- --json \'{"question":"What is an SVID?"}\' http://127.0.0.1:4000/v1/research',
    './mesh token --as reader --scope research:fast',
  ],
  './mesh infra': ['./mesh infra', 'npm run agent -- researcher   # in another terminal'],
  './mesh status': ['./mesh status', "./mesh status --json | jq '.agents[].status'"],
  './mesh doctor': ['./mesh doctor'],
  './mesh config': ['./mesh config --print', './mesh config --print --json'],
  './mesh secret': ['./mesh secret set gemini', './mesh secret list'],
  './mesh secret set': ['./mesh secret set gemini', './mesh secret set tavily < tavily-key.txt'],
  './mesh secret list': ['./mesh secret list'],
  './mesh secret remove': ['./mesh secret remove gemini'],
  './mesh agent': ['./mesh agent new translator'],
  './mesh agent new': [
    './mesh agent new translator',
    'npm test -- apps/translator   # who gets an answer of it',
  ],
  './mesh reset': ['./mesh reset', './mesh reset --yes'],
};

const EXIT_CODES =
  'Exit code: 0 when done, 1 for a failure or a wrong command line (one line on stderr says which),\n' +
  '130 and 143 where SIGINT or SIGTERM ended it half way.';

/** The same for every command: examples, one line for a wrong command line, exit codes. */
function finish(command: Command, name: string): void {
  const examples = (EXAMPLES[name] ?? []).map((example) => `  $ ${example}\n`).join('');
  command
    .exitOverride()
    .addHelpText('after', `\nExamples:\n${examples}`)
    .configureOutput({
      outputError: (text, write) => write(`mesh: ${wrongLine(text, name)}\n`),
    });
  if (name === './mesh') command.addHelpText('after', EXIT_CODES);
  for (const sub of command.commands) finish(sub, `${name} ${sub.name()}`);
}

function wrongLine(text: string, name: string): string {
  const what = text
    .replace(/^error: /, '')
    .replace(/\s+/g, ' ')
    .trim()
    .replace(/\.$/, '');
  const quotes = /^too many arguments for 'ask'/.test(what) ? ' Put the question in quotes.' : '';
  return `${what}.${quotes} See ${name} --help.`;
}
