// One file an agent (out/NAME/main.mjs), for images: less to ship, and it starts faster. Then each is started once.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, readdirSync } from 'node:fs';
import { build } from 'esbuild';

// The all-in-one composes the agents at run time and the web app has a builder of its own.
const agents = readdirSync('apps').filter((name) => existsSync(`apps/${name}/agent.yaml`));
const names = process.argv.length > 2 ? process.argv.slice(2) : agents;

for (const name of names) {
  const { metafile } = await build({
    // The all-in-one build holds every agent.
    entryPoints: [`dist/apps/mesh/apps/${name}/src/main.js`],
    outfile: `out/${name}/main.mjs`,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node26',
    sourcemap: true,
    metafile: true,
    minifyWhitespace: true,
    // NestJS finds providers by their class names.
    keepNames: true,
    legalComments: 'none',
    // The Swagger plugin repeats an enum that a decorator names.
    logOverride: { 'duplicate-object-key': 'silent' },
    external: [
      // Required by NestJS only if the application uses them; ours do not.
      '@nestjs/websockets',
      '@nestjs/websockets/*',
      '@nestjs/microservices',
      '@nestjs/microservices/*',
      '@nestjs/platform-express',
      '@fastify/view',
      '@fastify/multipart',
      'class-transformer/storage',
      // Read their own files at run time.
      'swagger-ui-dist',
      '@fastify/static',
    ],
    banner: {
      // What CommonJS packages inside the bundle expect to find.
      js: "import{createRequire as _cr}from'node:module';import{fileURLToPath as _f}from'node:url';import{dirname as _d}from'node:path';const require=_cr(import.meta.url),__filename=_f(import.meta.url),__dirname=_d(__filename);",
    },
  });
  const { bytes } = Object.values(metafile.outputs).find(({ entryPoint }) => entryPoint);
  console.log(`out/${name}/main.mjs ${(bytes / 2 ** 20).toFixed(1)} MiB`);
  // The one that serves people: MESH_WEB names this folder then.
  if (name === 'gateway') cpSync('apps/web/dist', 'out/gateway/web', { recursive: true });
  startsUp(name);
}

/** Without a Workload API an agent does not start: that line shows that the bundle loads and reads its configuration. */
function startsUp(name) {
  const env = { ...process.env };
  delete env.SPIFFE_ENDPOINT_SOCKET;
  const { status, stdout, stderr } = spawnSync(process.execPath, [`out/${name}/main.mjs`], {
    env,
    encoding: 'utf8',
    timeout: 30_000,
  });
  if (status !== 1 || !stderr.includes('SPIFFE_ENDPOINT_SOCKET')) {
    console.error(`out/${name}/main.mjs does not start (exit ${status}):\n${stdout}${stderr}`);
    process.exitCode = 1;
  }
}
