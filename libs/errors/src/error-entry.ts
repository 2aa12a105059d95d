/** What is known of an error code: the row of `docs/errors.md` that is generated from it. */
export interface ErrorEntry {
  /** HTTP status of the problem response, and the class of the failure elsewhere. */
  readonly status: number;
  /** One line that names the problem (RFC 9457 `title`); the same for every occurrence. */
  readonly title: string;
  /** What the reader does about it. */
  readonly remedy: string;
  /**
   * An agent may hand this code on to its own caller as it is: it speaks of the question, of a provider or
   * of an answer that was refused, not of the two agents. Default false: the caller then sees `ERR_PEER_FAILED`.
   */
  readonly relay?: true;
}
