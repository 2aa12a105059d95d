import { Controller, Inject, Post, Req, Res } from '@nestjs/common';
import { AGENT_CONTEXT, type AgentContext } from '@mesh/agent/nest';
import {
  describeDelegation,
  exchangeError,
  type ExchangeErrorBody,
  exchangeResponse,
  type ExchangeResponseBody,
  TokenService,
  type TxnToken,
} from '@mesh/delegation';
import { Action, Caller } from '@mesh/identity/nest';
import type { PeerIdentity } from '@mesh/identity';
import { requireContext } from '@mesh/observability';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** The token endpoint: RFC 8693 over mTLS, for the agents that call others on a person's behalf. */
@Controller('token')
export class TokenController {
  constructor(
    private readonly service: TokenService,
    @Inject(AGENT_CONTEXT) private readonly context: AgentContext,
  ) {}

  @Post()
  @Action('token:exchange', { delegated: false })
  async exchange(
    @Req() request: FastifyRequest,
    @Caller() caller: PeerIdentity,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<ExchangeResponseBody | ExchangeErrorBody> {
    const { status, headers, body } = await this.#answer(request.body, caller);
    // The line of the request tells it as it does for a problem.
    if ('code' in body) request.problemCode = body.code;
    void reply.status(status).headers(headers);
    return body;
  }

  async #answer(body: unknown, caller: PeerIdentity) {
    const { signal } = requireContext();
    try {
      // A request without a body has none of any type.
      const form = typeof body === 'string' ? body : '';
      const token = await this.service.exchange(form, caller.id, { signal });
      this.#tellIssued(token);
      return exchangeResponse(token, new Date());
    } catch (error) {
      // Over, for a reason that is none of the exchange's: nobody waits for an answer.
      signal.throwIfAborted();
      const answer = exchangeError(error);
      this.#tellRefused(answer.body, error);
      return answer;
    }
  }

  #tellIssued(token: TxnToken): void {
    const { config, logger } = this.context;
    // From here on every line of this request says whom it is for; nothing is called on its behalf.
    requireContext().delegation = describeDelegation(token, config.logUserId);
    logger.info(
      { event: 'token.issued', token: token.hash },
      token.actors.length === 1
        ? 'a transaction token was issued'
        : 'a transaction token was replaced',
    );
  }

  #tellRefused({ code, error, error_description }: ExchangeErrorBody, cause: unknown): void {
    const { logger } = this.context;
    const fields = {
      event: 'token.refused' as const,
      code,
      name: error,
      reason: error_description,
    };
    if (error === 'server_error') logger.error({ ...fields, err: cause }, 'no token: it failed');
    else logger.warn(fields, 'no token: refused');
  }
}
