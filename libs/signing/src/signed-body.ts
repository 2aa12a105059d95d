/** An answer that is signed: JSON text, to be sent as it is. */
export class SignedBody {
  constructor(
    /** Canonical JSON of the content with its `requests`, and `statements` at the end. */
    readonly text: string,
  ) {}

  /** For a serializer that does not know it: the same JSON, written once more. */
  toJSON(): unknown {
    return JSON.parse(this.text);
  }
}
