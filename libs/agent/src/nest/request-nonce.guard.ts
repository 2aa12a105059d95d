import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { HEADERS } from '@mesh/contracts';
import { delegationOf } from '@mesh/delegation';
import { signedInPersonOf } from '@mesh/delegation/nest';
import { CLOCK_SKEW_SECONDS, MAX_AGE_SECONDS } from '@mesh/provenance';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { RequestError } from '../pipeline/pipeline.error.js';
import { isRequestNonce, newRequestNonce } from '../pipeline/request-nonce.js';

declare module 'fastify' {
  interface FastifyRequest {
    /** `Request-Nonce`, its caller's or made here. */
    meshNonce?: string;
  }
}

/** Longest that an agent may work on a request, in milliseconds: the most that agent.yaml takes for `deadlineMs`. */
const LONGEST_REQUEST_MS = 600_000;
/**
 * How long a nonce is remembered, in milliseconds: as long as an answer to it, which is signed when the request is over,
 * could pass for a fresh one.
 */
const MEMORY_MS = LONGEST_REQUEST_MS + (MAX_AGE_SECONDS + CLOCK_SKEW_SECONDS) * 1000;
/** Nonces remembered at most. */
const MAX_NONCES = 100_000;

/**
 * Takes each `Request-Nonce` of a caller once, so that two answers never fit one request. A request that was refused gives
 * its nonce back: the caller may try again with it. Agents must send one; for people one is made.
 */
@Injectable()
export class RequestNonceGuard implements CanActivate {
  /** `caller nonce` to when it is forgotten, the oldest first. */
  readonly #used = new Map<string, number>();

  canActivate(execution: ExecutionContext): boolean {
    const request = execution.switchToHttp().getRequest<FastifyRequest>();
    const { meshContext } = request;
    const token = meshContext && delegationOf(meshContext);
    if (!token) return true;
    const given = request.headers[HEADERS.requestNonce];
    const person = signedInPersonOf(request);
    if (given === undefined && person) {
      request.meshNonce = newRequestNonce();
      return true;
    }
    if (!isRequestNonce(given)) {
      throw new RequestError(
        'ERR_HEADER_INVALID',
        'Request-Nonce is 128 random bits as base64url: 22 characters.',
      );
    }
    const caller = person ? `${person.token.clientId} ${token.subject}` : token.actor.toString();
    this.#use(`${caller} ${given}`, execution.switchToHttp().getResponse<FastifyReply>());
    request.meshNonce = given;
    return true;
  }

  #use(key: string, reply: FastifyReply): void {
    const now = Date.now();
    for (const [oldest, until] of this.#used) {
      if (until > now) break;
      this.#used.delete(oldest);
    }
    if (this.#used.has(key)) {
      throw new RequestError('ERR_NONCE_REUSED', 'This Request-Nonce was used before.');
    }
    const [oldest] = this.#used.keys();
    if (oldest !== undefined && this.#used.size >= MAX_NONCES) this.#used.delete(oldest);
    this.#used.set(key, now + MEMORY_MS);
    reply.raw.once('close', () => {
      if (reply.raw.statusCode >= 400) this.#used.delete(key);
    });
  }
}
