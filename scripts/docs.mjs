// Writes what the documentation says from the code; with --check says which page is not up to date.
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { format, resolveConfig } from 'prettier';

const pages = { 'docs/errors.md': await errorsPage(), 'README.md': await readme() };

const prettier = await resolveConfig('README.md');
for (const [file, page] of Object.entries(pages)) {
  const wanted = await format(page, { ...prettier, parser: 'markdown' });
  if (read(file) === wanted) continue;
  if (process.argv.includes('--check')) {
    console.error(`${file} is not up to date: npm run docs`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, wanted);
    console.error(`${file} written`);
  }
}

async function errorsPage() {
  const titles = {
    identity: 'Workload identity and mutual TLS',
    authority: 'The embedded authority',
    agent: 'Requests, configuration and calls between agents',
    resilience: 'Retries, deadlines and circuit breakers',
    llm: 'Models',
    search: 'Search',
    secrets: 'Secrets',
    mesh: 'The command line',
    delegation: 'On whose behalf: transaction tokens and access tokens',
    provenance: 'Signed answers, as they are verified',
    signing: 'Signing answers',
    issuer: 'The embedded OpenID issuer',
    egress: 'Calls to the outside',
    'sign-in': 'Sign-in by a browser, and sessions',
    edge: 'The listener for people: its certificate and its limits',
  };
  const { errorAreas } = await load('libs/errors/src/index.ts');
  const areas = Object.entries(errorAreas).filter(([, codes]) => Object.keys(codes).length > 0);
  return `# Error codes

Every error has a code that stays the same; its message may change. A problem response (RFC 9457,
\`application/problem+json\`) carries the code, and its \`type\` names the entry below. A command that fails prints
one line and exits with 1. This page is generated from \`libs/errors\`: \`npm run docs\`.

${areas
  .map(
    ([area, codes]) =>
      `## ${titles[area] ?? area}\n\n${Object.entries(codes).map(entry).join('\n')}`,
  )
  .join('\n')}`;
}

/**
 * The heading's anchor (`#err_…`) is what a problem's `type` points to. Each sentence names the code: the page is searched
 * too, and a title quoted by itself ("The workload's SVID may sign revocation lists") would pass for a fact.
 */
function entry([code, { status, title, remedy }]) {
  const meaning = title.endsWith('.') ? title : `${title}.`;
  return `### ${code}\n\n\`${code}\` (status ${status}) means: ${meaning} What to do about \`${code}\`: ${remedy}\n`;
}

/** The table of settings, between its two marks. */
async function readme() {
  const { settingsTable } = await load('libs/agent/src/config/settings-table.ts');
  return read('README.md').replace(
    /(<!-- configuration: .*? -->)[^]*(<!-- \/configuration -->)/,
    (_, before, after) => `${before}\n\n${settingsTable()}\n\n${after}`,
  );
}

/** Exports of a TypeScript module, compiled on the spot: the page shows the sources, not a build of yesterday. */
async function load(file) {
  const compiled = `node_modules/.docs-${process.pid}-${basename(file, '.ts')}.mjs`;
  await build({
    entryPoints: [file],
    outfile: compiled,
    bundle: true,
    format: 'esm',
    platform: 'node',
    packages: 'external',
    logLevel: 'error',
  });
  try {
    return await import(pathToFileURL(compiled).href);
  } finally {
    rmSync(compiled);
  }
}

function read(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return '';
    throw error;
  }
}
