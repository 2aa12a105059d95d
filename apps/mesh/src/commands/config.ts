import { AgentDirectory } from '@mesh/agent';
import { settings } from './prepare.js';
import { table } from './table.js';

/** Shows each configuration value with its source. Secrets are no configuration and never shown. */
export function config(flags: { readonly json?: true }): void {
  const config = settings();
  const rows = config.rows(AgentDirectory.load(config.agents, config.trustDomain));
  process.stdout.write(
    flags.json
      ? `${JSON.stringify(rows, null, 2)}\n`
      : table([
          ['KEY', 'VALUE', 'FROM'],
          ...rows.map(({ key, value, source }) => [key, value === '' ? '-' : value, source]),
        ]),
  );
}
