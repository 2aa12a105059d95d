import { randomBytes } from 'node:crypto';
import { Controller, Get, Inject, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '@mesh/identity/nest';
import type { FastifyReply } from 'fastify';
import { policyOfPage } from '../edge/page-policies.js';
import { WebPages } from './web-pages.js';

/** The web interface: one page whose script shows what its path names. */
@ApiExcludeController()
@Controller()
export class WebController {
  constructor(@Inject(WebPages) private readonly pages: WebPages) {}

  @Get(['', 'verify', 'agents', 'signed-in', 'signed-out', 'sign-in-failed'])
  @Public()
  async page(@Res({ passthrough: true }) reply: FastifyReply): Promise<string> {
    const nonce = randomBytes(16).toString('base64');
    const page = await this.pages.index(nonce);
    void reply.headers({
      'content-type': 'text/html; charset=utf-8',
      // With a nonce of its own each time.
      'cache-control': 'no-store',
      'content-security-policy': policyOfPage(nonce),
    });
    return page;
  }
}
