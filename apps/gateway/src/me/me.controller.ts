import { Controller, Get, Header, Inject, Req } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AGENT_CONTEXT, type AgentContext } from '@mesh/agent/nest';
import { DEPTHS, MeDto, researchAction, type Depth, type DepthDto } from '@mesh/contracts';
import { signedInPersonOf, type SignedInPerson } from '@mesh/delegation/nest';
import { SignedIn } from '@mesh/identity/nest';
import type { FastifyRequest } from 'fastify';
import { ApiJson } from '../openapi/api-json.decorator.js';
import { ApiSignedInRoute } from '../openapi/api-route.decorator.js';
import type { BrowserSession } from '../sign-in/browser-sessions.js';
import { meExample } from './example.js';

/** The person themselves. */
@ApiTags('me')
@Controller('v1/me')
export class MeController {
  constructor(@Inject(AGENT_CONTEXT) private readonly context: AgentContext) {}

  @Get()
  @SignedIn()
  @ApiOperation({
    summary: 'See who is signed in',
    description: 'Who the person is by the issuer, what they may ask, and when their session ends.',
  })
  @ApiJson(MeDto, meExample, 'Who is signed in.')
  @ApiSignedInRoute([])
  @Header('cache-control', 'no-store')
  me(@Req() request: FastifyRequest): MeDto {
    // The guard has let them in.
    const { token, session } = signedInPersonOf(request)! as SignedInPerson & {
      session?: BrowserSession;
    };
    const { issuer, subject, clientId, roles, scope, acr, amr, authTime } = token;
    return {
      account: session?.account ?? subject,
      issuer,
      roles: [...roles],
      scopes: [...scope],
      depths: DEPTHS.map((depth) => this.#depth(depth, scope)),
      admin: roles.includes('admin'),
      clientId,
      userAuthentication: {
        ...(acr === undefined ? {} : { acr }),
        ...(amr === undefined ? {} : { amr: [...amr] }),
        ...(authTime === undefined ? {} : { authTime: new Date(authTime * 1000).toISOString() }),
      },
      ...(session
        ? {
            session: {
              endsAt: session.endsAt.toISOString(),
              idleEndsAt: session.idleEndsAt.toISOString(),
            },
          }
        : {}),
    };
  }

  #depth(depth: Depth, scope: readonly string[]): DepthDto {
    const action = researchAction({ question: '', depth });
    const missing = this.context.directory
      .scopesFor(this.context.name, action)
      .find((one) => !scope.includes(one));
    return missing === undefined ? { depth, allowed: true } : { depth, allowed: false, missing };
  }
}
