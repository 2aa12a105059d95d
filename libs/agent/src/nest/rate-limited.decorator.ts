import { SetMetadata } from '@nestjs/common';

/**
 * What is limited beyond what every address and session may send:
 * - `question`: costs a search and a model; by session and by address.
 * - `sign-in`: begins or ends a sign-in, for whom nobody knows yet; by address.
 * - `back-channel`: the issuer's own calls; by address, and more of them.
 */
export type RateClass = 'question' | 'sign-in' | 'back-channel';

const RATE = Symbol('RATE');

/**
 * Limits how often a route for people is asked.
 *
 * @example
 * @Post()
 * @SignedIn('research:fast')
 * @RateLimited('question')
 */
export function RateLimited(rate: RateClass): MethodDecorator {
  return SetMetadata(RATE, rate);
}

/** What a handler declares; undefined where it is limited as everything is. */
export function rateClassOf(handler: object): RateClass | undefined {
  return Reflect.getMetadata(RATE, handler) as RateClass | undefined;
}
