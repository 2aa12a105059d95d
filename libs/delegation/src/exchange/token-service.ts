import {
  type Clock,
  systemClock,
  type X509BundleSource,
  type X509SvidSource,
} from '@mesh/identity';
import type { SpiffeId, TrustDomain } from '@mesh/spiffe';
import type { AccessTokenVerifier } from '../access-token/access-token-verifier.js';
import { type Person, personOf, type Pseudonyms } from '../person.js';
import {
  assertNarrower,
  boundsOf,
  issueTxnToken,
  replaceTxnToken,
  type TokenLimits,
} from '../txn-token/issue-txn-token.js';
import type { TxnToken } from '../txn-token/txn-token.js';
import { TxnTokenVerifier } from '../txn-token/verify-txn-token.js';
import { ExchangeError } from './exchange.error.js';
import type { ExchangePolicy } from './exchange-policy.js';
import { type ExchangeRequest, parseExchangeRequest } from './exchange-request.js';

export interface TokenServiceOptions extends TokenLimits {
  readonly clock?: Pick<Clock, 'now'>;
}

/**
 * The transaction token service: what stands behind `POST /token`, without HTTP. It signs with its own SVID, and the SVID's
 * ID is the `iss` of its tokens.
 *
 * @example
 * try {
 *   const token = await service.exchange(body, peer.id, { signal });
 *   return exchangeResponse(token, new Date());
 * } catch (error) {
 *   return exchangeError(error);
 * }
 */
export class TokenService {
  readonly #verifier: TxnTokenVerifier;
  readonly #trustDomain: TrustDomain;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #limits: TokenLimits;

  constructor(
    /** The token service's ID: an SVID of another one signs nothing. */
    private readonly id: SpiffeId,
    private readonly svids: X509SvidSource,
    bundles: X509BundleSource,
    private readonly accessTokens: Pick<AccessTokenVerifier, 'verify'>,
    private readonly policy: ExchangePolicy,
    private readonly pseudonyms: Pseudonyms,
    options: TokenServiceOptions = {},
  ) {
    this.#limits = boundsOf(options);
    this.#trustDomain = id.trustDomain;
    this.#clock = options.clock ?? systemClock;
    this.#verifier = new TxnTokenVerifier({ bundles, issuer: id, audience: this.#trustDomain });
  }

  /**
   * Reads a token request and issues the token, or replaces the one that was sent.
   * @param body `application/x-www-form-urlencoded`
   * @param peer The TLS peer: the only thing that says who asks.
   * @throws ExchangeError, AccessTokenError, TxnTokenError: `exchangeError` makes an answer of any
   */
  async exchange(
    body: string,
    peer: SpiffeId,
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<TxnToken> {
    const request = parseExchangeRequest(body, this.#trustDomain, (scope) =>
      this.policy.knowsScope(scope),
    );
    return request.subjectTokenType === 'access_token'
      ? this.#issue(request, peer, options)
      : this.#replace(request, peer);
  }

  async #issue(
    { subjectToken, scope, details, context }: ExchangeRequest,
    peer: SpiffeId,
    options: { readonly signal?: AbortSignal },
  ): Promise<TxnToken> {
    const accessToken = await this.accessTokens.verify(subjectToken, options);
    if (this.policy.clientOf(peer, accessToken.clientId) === undefined) {
      throw new ExchangeError(
        'ERR_EXCHANGE_CLIENT',
        `The access token was not issued to a client of ${peer}.`,
      );
    }
    const person = personOf(accessToken);
    this.#assertPerson(peer, person);
    // Before reach, so that a person reads which scope is missing.
    assertNarrower(scope, accessToken.scope);
    this.#assertReach(peer, scope);
    const user = this.pseudonyms.of(person.subject);
    const grant = { accessToken, peer, scope, details: details ?? {}, context, user };
    return issueTxnToken(this.#svid(), grant, this.#now(), this.#limits);
  }

  #replace({ subjectToken, scope }: ExchangeRequest, peer: SpiffeId): TxnToken {
    const token = this.#verifier.verifyToReplace(subjectToken, this.#now());
    // Its own token: the loop is the clearer word, and comes from `replaceTxnToken`.
    const within = token.actors.some((actor) => actor.equals(peer));
    const served = token.scope.some((action) => this.policy.serves(peer, action, token.actor));
    if (!within && !served) {
      throw new ExchangeError(
        'ERR_EXCHANGE_NO_EDGE',
        `${peer} serves nothing that this token lets ${token.actor} call.`,
      );
    }
    this.#assertPerson(peer, token.person);
    assertNarrower(scope, token.scope);
    this.#assertReach(peer, scope);
    return replaceTxnToken(this.#svid(), token, { peer, scope }, this.#now(), this.#limits);
  }

  #assertPerson(peer: SpiffeId, person: Person): void {
    if (this.policy.mayActFor(peer, person)) return;
    throw new ExchangeError('ERR_EXCHANGE_PERSON', `${peer} may not act for this person.`);
  }

  #assertReach(peer: SpiffeId, scope: readonly string[]): void {
    const beyond = scope.find((one) => !this.policy.reaches(peer, one));
    if (beyond === undefined) return;
    throw new ExchangeError(
      'ERR_EXCHANGE_SCOPE_UNREACHABLE',
      `${peer} cannot reach what serves ${beyond}.`,
    );
  }

  #svid() {
    const svid = this.svids.getX509Svid();
    if (svid.id.equals(this.id)) return svid;
    throw new Error('The SVID is not the token service’s.');
  }

  #now(): Date {
    return new Date(this.#clock.now());
  }
}
