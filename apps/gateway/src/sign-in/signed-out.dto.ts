/** The session is over. */
export class SignedOutDto {
  /**
   * Where the browser goes next: the issuer's own sign-out, or the page that says that it is done.
   * @example /signed-out
   */
  location!: string;
}
