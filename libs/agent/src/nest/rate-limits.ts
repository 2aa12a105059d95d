import rateLimit, { normalizeIP } from '@fastify/rate-limit';
import type { SignedInPerson } from '@mesh/delegation/nest';
import { MeshError } from '@mesh/errors';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { MeshConfig } from '../config/config.js';
import type { RateClass } from './rate-limited.decorator.js';

/** The window that requests are counted in, in milliseconds. */
const WINDOW_MS = 60_000;
/** One address may stand for many people, and an issuer for all of them. */
const MANY = 10;

/** More was sent within a minute than may be. */
export class RateLimitedError extends MeshError {
  readonly code = 'ERR_RATE_LIMITED';
}

interface Limit {
  /** As `RateLimit-Policy` names it. */
  readonly name: string;
  readonly perMinute: number;
  readonly count: ReturnType<FastifyInstance['createRateLimit']>;
}

/** Who is counted: a session, a person, an address. */
const keys = new WeakMap<FastifyRequest, string>();

/**
 * How often people may ask: counted in memory, of the last 5,000 addresses and sessions for each limit. The address is
 * that of the connection: a header can say anything.
 */
export class RateLimits {
  readonly #byAddress: Readonly<Record<RateClass | 'all', Limit>>;
  readonly #bySession: Readonly<Record<'question' | 'all', Limit>>;

  private constructor(fastify: FastifyInstance, config: MeshConfig) {
    const limit = (name: string, perMinute: number, bySession: boolean): Limit => ({
      name,
      perMinute,
      count: fastify.createRateLimit({
        max: perMinute,
        timeWindow: WINDOW_MS,
        ...(bySession ? { keyGenerator: (request) => keys.get(request)! } : {}),
      }),
    });
    const { rateLimitAddress, rateLimitSession, rateLimitQuestions, rateLimitSignIn } = config;
    this.#byAddress = {
      all: limit('address', rateLimitAddress, false),
      question: limit('questions-address', rateLimitQuestions * MANY, false),
      'sign-in': limit('sign-in', rateLimitSignIn, false),
      'back-channel': limit('back-channel', rateLimitSignIn * MANY, false),
    };
    this.#bySession = {
      all: limit('session', rateLimitSession, true),
      question: limit('questions', rateLimitQuestions, true),
    };
  }

  /** Counts for one listener, by its settings. */
  static async open(fastify: FastifyInstance, config: MeshConfig): Promise<RateLimits> {
    await fastify.register(rateLimit, { global: false });
    return new RateLimits(fastify, config);
  }

  /**
   * Counts a request before anything else is done for it.
   * @throws RateLimitedError
   */
  async arrived(request: FastifyRequest, reply: FastifyReply, rate?: RateClass): Promise<void> {
    await hold(this.#byAddress.all, request, reply);
    if (rate) await hold(this.#byAddress[rate], request, reply);
  }

  /**
   * Counts a request of somebody who is signed in.
   * @throws RateLimitedError
   */
  async signedIn(
    request: FastifyRequest,
    reply: FastifyReply,
    { session, token }: SignedInPerson,
    rate?: RateClass,
  ): Promise<void> {
    keys.set(request, session?.hash ?? `${token.issuer}#${token.subject}`);
    await hold(this.#bySession.all, request, reply);
    if (rate === 'question') await hold(this.#bySession.question, request, reply);
  }
}

/** What connections and requests of an address are counted by. */
export function addressKey(address: string | undefined): string {
  // None: the connection is gone already.
  return address === undefined ? '' : normalizeIP(address);
}

/** Says in `RateLimit` what is left (draft-ietf-httpapi-ratelimit-headers). */
async function hold(limit: Limit, request: FastifyRequest, { raw }: FastifyReply): Promise<void> {
  const counted = await limit.count(request);
  if (counted.isAllowed) return;
  const { name, perMinute } = limit;
  append('ratelimit-policy', `"${name}";q=${perMinute};w=${WINDOW_MS / 1000}`);
  append('ratelimit', `"${name}";r=${counted.remaining};t=${counted.ttlInSeconds}`);
  if (!counted.isExceeded) return;
  throw new RateLimitedError(`At most ${perMinute} of these requests are taken in a minute.`, {
    retry: 'safe',
    retryAfterMs: counted.ttl,
  });

  function append(header: string, item: string): void {
    const before = raw.getHeader(header);
    raw.setHeader(header, before === undefined ? item : `${String(before)}, ${item}`);
  }
}
