import { settings } from './prepare.js';

/** Shows each configuration value with its source. Secrets are no configuration and never shown. */
export function config(flags: { readonly json?: true }): void {
  const rows = settings().rows();
  if (flags.json) {
    process.stdout.write(`${JSON.stringify(rows, null, 2)}\n`);
    return;
  }
  const width = (pick: (row: (typeof rows)[number]) => string) =>
    Math.max(...rows.map((row) => pick(row).length));
  const keys = width(({ key }) => key);
  const values = Math.min(
    60,
    width(({ value }) => String(value)),
  );
  for (const { key, value, source } of rows) {
    process.stdout.write(`${key.padEnd(keys)}  ${String(value).padEnd(values)}  ${source}\n`);
  }
}
