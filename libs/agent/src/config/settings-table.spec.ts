import { describe, expect, it } from '@jest/globals';
import { settingsTable } from './settings-table.js';

describe('settingsTable', () => {
  it('has a row for each setting, with variable, flag, what it holds and its default', () => {
    const rows = settingsTable().split('\n');
    expect(rows).toContain(
      '| `logFormat` | `MESH_LOG_FORMAT` `--log-format` | form of the log; `auto`: readable on a terminal, JSON elsewhere: one of auto, json, pretty | `auto` |',
    );
    expect(rows).toContain(
      '| `ports.<agent>` | `MESH_PORT_<AGENT>` | port of its listener: a port (0: any that is free), 0 to 65535 | `port` of its agent.yaml |',
    );
    expect(rows).toContain(
      '| `resilience.<name>.deadlineMs` | `MESH_RESILIENCE_<NAME>_DEADLINE_MS` | for a whole call with its retries, in milliseconds: a whole number from 1 to 600000 | `120000`, gemini `60000`, tavily `20000` |',
    );
    for (const row of rows) {
      expect(row.match(/(?<!\\)\|/g)).toHaveLength(5);
      expect(row).not.toMatch(/undefined|\/\.mesh/);
    }
  });
});
