import { Controller, Get, HttpCode, Inject, Post, Redirect, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { AGENT_CONTEXT, RateLimited, type AgentContext } from '@mesh/agent/nest';
import { AccessTokenError } from '@mesh/delegation';
import { MeshError, type ErrorCode } from '@mesh/errors';
import { Public } from '@mesh/identity/nest';
import { requireContext } from '@mesh/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { JWK } from 'jose';
import {
  ApiBackChannelLogout,
  ApiClientKeys,
  ApiSignIn,
  ApiSignInCallback,
  ApiSignOut,
} from './api-sign-in.decorators.js';
import { BrowserSessions } from './browser-sessions.js';
import { readClientKey } from './client-key.js';
import { LogoutTokens } from './logout-token.js';
import { SESSION_COOKIE, type CookieOf } from './session-cookie.js';
import { LogoutTokenError, SignInError } from './sign-in.error.js';
import { SignIn, type BrowserAnswer } from './sign-in.js';
import { SignedOutDto } from './signed-out.dto.js';

interface Redirection {
  readonly url: string;
  readonly statusCode: 303;
}

/** Sign-in and sign-out of browsers. */
@ApiTags('sign-in')
@Controller()
export class SignInController {
  constructor(
    private readonly signIn: SignIn,
    private readonly sessions: BrowserSessions,
    private readonly logoutTokens: LogoutTokens,
    @Inject(SESSION_COOKIE) private readonly cookie: CookieOf,
    @Inject(AGENT_CONTEXT) private readonly context: AgentContext,
  ) {}

  @Get('sign-in')
  @Public()
  @Redirect()
  @HttpCode(303)
  @RateLimited('sign-in')
  @ApiSignIn()
  begin(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Redirection> {
    const { to, page } = request.query as Record<string, unknown>;
    return this.#lead(request, reply, () => this.signIn.begin(to, request.headers, page));
  }

  @Get('sign-in/callback')
  @Public()
  @Redirect()
  @HttpCode(303)
  @RateLimited('sign-in')
  @ApiSignInCallback()
  finish(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Redirection> {
    const query = new URL(request.url, 'http://mesh.localhost').searchParams;
    return this.#lead(request, reply, () => this.signIn.finish(query, request.headers.cookie));
  }

  @Post('sign-out')
  @HttpCode(200)
  @Public()
  @ApiSignOut()
  async signOut(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SignedOutDto> {
    const record = await this.sessions.open(request);
    if (record === undefined) {
      throw new AccessTokenError('ERR_ACCESS_TOKEN_MISSING', 'Nobody is signed in.');
    }
    await this.sessions.end(record.hash, 'signed out');
    void reply.headers({ 'cache-control': 'no-store', 'set-cookie': this.cookie().clear() });
    return { location: await this.signIn.signedOutLocation() };
  }

  @Post('sign-in/back-channel')
  @HttpCode(200)
  @Public()
  @RateLimited('back-channel')
  @ApiBackChannelLogout()
  async backChannel(
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<void> {
    void reply.header('cache-control', 'no-store');
    const form = new URLSearchParams(typeof request.body === 'string' ? request.body : '');
    const [token, ...more] = form.getAll('logout_token');
    if (token === undefined || more.length > 0) {
      throw new LogoutTokenError('The form has not one logout_token.');
    }
    const owner = await this.logoutTokens.verify(token);
    await this.sessions.endOf(owner, 'signed out at the issuer');
  }

  @Get('sign-in/keys')
  @Public()
  @ApiClientKeys()
  async keys(): Promise<{ keys: readonly JWK[] }> {
    const key = await readClientKey(this.context.secrets);
    return { keys: key ? [key.publicJwk] : [] };
  }

  /** What fails ends on a page for people; the log has the reason. */
  async #lead(
    request: FastifyRequest,
    reply: FastifyReply,
    way: () => Promise<BrowserAnswer>,
  ): Promise<Redirection> {
    // The address has the issuer's answer in it.
    void reply.headers({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' });
    try {
      const { location, cookies } = await way();
      void reply.header('set-cookie', [...cookies]);
      return { url: location, statusCode: 303 };
    } catch (error) {
      const code: ErrorCode = error instanceof MeshError ? error.code : 'ERR_INTERNAL';
      request.problemCode = code;
      this.#tellRefused(code, error);
      const query = new URLSearchParams({ code, id: requireContext().correlationId });
      return { url: `/sign-in-failed?${query.toString()}`, statusCode: 303 };
    }
  }

  #tellRefused(code: ErrorCode, error: unknown): void {
    const { logger } = this.context;
    const reason = error instanceof SignInError ? error.reason : undefined;
    const fields = { event: 'sign-in.refused' as const, code, ...(reason ? { reason } : {}) };
    const isOurs = error instanceof MeshError && error.status < 500;
    if (isOurs) logger.warn(fields, 'a sign-in came to nothing');
    else logger.error({ ...fields, err: error }, 'a sign-in came to nothing');
  }
}
