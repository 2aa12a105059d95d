import { SpiffeIdError } from './spiffe-id.error.js';
import { SpiffeId } from './spiffe-id.js';

/** RFC 3986's bound on a host, which SPIFFE-ID 2.3 takes for the trust domain. */
const MAX_BYTES = 255;
const NAME = /^[a-z0-9._-]*$/;
const DEVELOPMENT = /(?:^|\.)(?:local|test|example|localhost)$/;

/**
 * A trust domain by its name (SPIFFE-ID 2.1). Immutable; one that exists is valid. Names that look like IP addresses
 * or break DNS rules are like any other, as the standard demands.
 */
export class TrustDomain {
  private constructor(readonly name: string) {
    Object.freeze(this);
  }

  /**
   * Reads a name (`example.org`) or takes the trust domain of a SPIFFE ID (`spiffe://example.org/anything`).
   * @throws SpiffeIdError
   */
  static parse(nameOrId: string): TrustDomain {
    return nameOrId.includes(':/') ? SpiffeId.parse(nameOrId).trustDomain : this.ofName(nameOrId);
  }

  /**
   * Reads a name alone.
   * @throws SpiffeIdError
   */
  static ofName(name: string): TrustDomain {
    if (name === '') {
      throw new SpiffeIdError('ERR_TRUST_DOMAIN_EMPTY', 'The trust domain is missing.');
    }
    if (name.length > MAX_BYTES) {
      throw new SpiffeIdError(
        'ERR_TRUST_DOMAIN_TOO_LONG',
        `The trust domain is longer than ${MAX_BYTES} bytes.`,
      );
    }
    if (!NAME.test(name)) {
      throw new SpiffeIdError(
        'ERR_TRUST_DOMAIN_CHARACTER',
        'The trust domain has a character other than lower-case letters, digits, dots, dashes and underscores.',
      );
    }
    return new TrustDomain(name);
  }

  /** The ID of the trust domain itself, which has no path. */
  get id(): SpiffeId {
    return SpiffeId.fromPath(this, '');
  }

  /** Whether the name says that this is for development: it ends in local, test, example or localhost. */
  get isDevelopment(): boolean {
    return DEVELOPMENT.test(this.name);
  }

  equals(other: TrustDomain): boolean {
    return this.name === other.name;
  }

  toString(): string {
    return this.name;
  }

  toJSON(): string {
    return this.name;
  }
}
