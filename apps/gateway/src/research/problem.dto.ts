/** One member of the body at fault. */
export class ProblemMemberDto {
  /** Dotted path. */
  path!: string;
  message!: string;
}

/** `application/problem+json`, RFC 9457. */
export class ProblemDto {
  /** Where the code is explained. */
  type!: string;
  title!: string;
  status!: number;
  detail!: string;
  /** Stable; branch on it. */
  code!: string;
  /** Finds the request in every log. */
  correlationId!: string;
  errors?: ProblemMemberDto[];
}
