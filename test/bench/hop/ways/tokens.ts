import { issueTxnToken, type TxnToken } from '@mesh/delegation';
import { SpiffeId, X509Source } from '@mesh/identity';
import type { Surroundings } from '../way.js';

/** What the asker's requests need, and what the answerer's own calls would. */
const SCOPE = ['bench:unsigned', 'research:fast', 'draft:write'];
/** The longest there is, so that none expires while it is measured. */
const LIFETIME_SECONDS = 900;

/**
 * Transaction tokens for the asker, made outside of the measured time by what the token service makes them with, and
 * with its SVID. What obtaining one costs is measured by ways of its own.
 */
export class TokenStock {
  #tokens: TxnToken[] = [];

  private constructor(
    private readonly tts: X509Source,
    private readonly asker: SpiffeId,
    private readonly fresh: boolean,
  ) {}

  /** @param fresh A new token for each request; else one for all of a load. */
  static async open({ workloadApi }: Surroundings, fresh: boolean): Promise<TokenStock> {
    const tts = await X509Source.create({ address: workloadApi.tts });
    const asker = SpiffeId.fromPath(tts.getX509Svid().id.trustDomain, '/ns/bench/sa/asker');
    return new TokenStock(tts, asker, fresh);
  }

  /** Makes the tokens of so many requests. Those before are given up. */
  fill(requests: number): void {
    this.#tokens = Array.from({ length: this.fresh ? requests : 1 }, () => this.issue(SCOPE));
  }

  next(): TxnToken {
    const token = this.fresh ? this.#tokens.pop() : this.#tokens[0];
    if (token === undefined) throw new Error('There are fewer tokens than requests.');
    return token;
  }

  issue(scope: readonly string[]): TxnToken {
    const now = new Date();
    return issueTxnToken(
      this.tts.getX509Svid(),
      {
        accessToken: {
          issuer: 'https://issuer.example',
          subject: 'analyst',
          clientId: 'mesh-cli',
          scope: SCOPE,
          expiresAt: now.getTime() / 1000 + LIFETIME_SECONDS,
          roles: ['analyst'],
          groups: [],
        },
        peer: this.asker,
        scope,
        details: { action: 'research:fast', question: 'q'.repeat(43) },
        context: undefined,
        user: 'u'.repeat(43),
      },
      now,
      { lifetimeSeconds: LIFETIME_SECONDS },
    );
  }
}
