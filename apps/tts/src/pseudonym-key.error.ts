import { MeshError, type MeshErrorOptions } from '@mesh/errors';

/** There is no key for the names that logs and answers have for people, or none that can be used. */
export class PseudonymKeyError extends MeshError {
  readonly code = 'ERR_PSEUDONYM_KEY';

  constructor(what: string, options?: MeshErrorOptions) {
    super(
      `The secret pseudonyms ${what}. It holds 32 random bytes, base64url: openssl rand -base64 32 | tr +/ -_ | tr -d = | ./mesh secret set pseudonyms`,
      options,
    );
  }
}
