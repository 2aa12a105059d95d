/** One member of the body at fault. */
export class ProblemMemberDto {
  /** Dotted path, such as `sources.0.url`; empty for the body itself. */
  path!: string;
  /** The rule that it breaks. */
  message!: string;
}

/** `application/problem+json`, RFC 9457. */
export class ProblemDto {
  /** Where the code is explained: a reference relative to this server. */
  type!: string;
  /** The problem in one line; the same for every occurrence. */
  title!: string;
  /** The status of the response. */
  status!: number;
  /** This occurrence, for people. May change. */
  detail!: string;
  /** Stable; branch on it. */
  code!: string;
  /** Finds the request in every log. */
  correlationId!: string;
  /** The members of the body at fault; with `ERR_BODY_INVALID` alone. */
  errors?: ProblemMemberDto[];
}
