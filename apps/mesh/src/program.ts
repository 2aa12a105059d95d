import { Command, Option } from 'commander';
import { DEPTHS } from '@mesh/contracts';
import { LOG_FORMATS, LOG_LEVELS } from '@mesh/observability';
import { ask } from './commands/ask.js';
import { config } from './commands/config.js';
import { doctor } from './commands/doctor.js';
import { infra } from './commands/infra.js';
import { reset } from './commands/reset.js';
import { removeSecret, listSecrets, setSecret } from './commands/secret.js';
import { status } from './commands/status.js';
import { up } from './commands/up.js';

const documents = () =>
  new Option('--documents <dir>', 'folder of .md, .txt and .html that questions are answered from');
const model = () => new Option('--model <name>', 'who writes').choices(['extractive', 'gemini']);
const search = () =>
  new Option('--search <name>', 'where is searched').choices(['documents', 'tavily']);
const logLevel = () =>
  new Option('--log-level <level>', 'least level that is logged').choices([...LOG_LEVELS]);
const logFormat = () =>
  new Option('--log-format <format>', 'form of the log').choices([...LOG_FORMATS]);

/** The command line of the mesh. */
export function program(): Command {
  const mesh = new Command('mesh')
    .description(
      'Zero Trust AI Agent Mesh: ask a question; every hop between the agents proves who it is.',
    )
    .exitOverride()
    .showHelpAfterError('(add --help for what there is)')
    .addHelpText(
      'after',
      '\nExamples:\n  $ ./mesh up\n  $ ./mesh ask "How does a workload get its SVID?"\n  $ ./mesh ask "…" --documents ~/notes --json | jq .answer\n  $ ./mesh secret set gemini && ./mesh up --model gemini\n',
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
    .action(up);

  mesh
    .command('ask')
    .description('ask one question, of the running mesh or of one started for it')
    .argument('<question>', 'in any language')
    .addOption(
      new Option('--depth <depth>', 'how much is read').choices([...DEPTHS]).default('fast'),
    )
    .option('--json', 'print the whole answer as JSON')
    .addOption(documents())
    .addOption(model())
    .addOption(search())
    .addOption(logLevel())
    .action(ask);

  mesh
    .command('infra')
    .description('start the embedded stand-ins alone, for agents that are started one by one')
    .addOption(logLevel())
    .addOption(logFormat())
    .action(infra);

  mesh
    .command('status')
    .description('show the running agents, their identities and their health')
    .option('--json', 'print it as JSON')
    .action(status);

  mesh
    .command('doctor')
    .description('look for what is commonly wrong, and say what to do')
    .action(doctor);

  mesh
    .command('config')
    .description('show each configuration value and where it comes from')
    .option('--print', 'print the values (what is done without it, too)')
    .option('--json', 'print them as JSON')
    .action(config);

  const secret = mesh
    .command('secret')
    .description('keep keys of providers, for development: files of mode 0600');
  secret
    .command('set')
    .description('store a secret; asks for it without showing it, or reads it from standard input')
    .argument('<name>', 'gemini, tavily')
    .action(setSecret);
  secret.command('list').description('names of the stored secrets').action(listSecrets);
  secret
    .command('remove')
    .description('remove a secret')
    .argument('<name>', 'gemini, tavily')
    .action(removeSecret);

  mesh
    .command('reset')
    .description('remove the state folder, after asking')
    .option('--yes', 'do not ask')
    .action(reset);

  for (const command of [...mesh.commands, ...secret.commands]) command.exitOverride();
  return mesh;
}
