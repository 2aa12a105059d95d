import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { POLICY_OF_ASSETS } from '../edge/page-policies.js';

/** Path of the scripts and styles of the web interface; public, as they are the same for everybody. */
export const ASSETS = '/assets';

/** Serves what Vite has built: each file's name holds the hash of its content. */
export async function serveAssets(app: NestFastifyApplication, folder: string): Promise<void> {
  const root = join(folder, 'assets');
  // Its pages say that it is not built.
  if (!existsSync(root)) return;
  await app.register(fastifyStatic, {
    root,
    prefix: `${ASSETS}/`,
    index: false,
    dotfiles: 'deny',
    decorateReply: false,
    immutable: true,
    maxAge: '365d',
    setHeaders: (reply) => void reply.header('content-security-policy', POLICY_OF_ASSETS),
  });
}
