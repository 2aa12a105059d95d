import { MeshError, type MeshErrorOptions } from '@mesh/errors';

export interface AgentFileFault {
  /** The file, relative to the folder the program was started in where it is below it. */
  readonly file: string;
  /** From 1; absent where the file as a whole is at fault. */
  readonly line?: number;
  readonly column?: number;
  /** Dotted: `actions.draft:write.callers`. */
  readonly member?: string;
}

/** An agent.yaml, or the set of them, breaks a rule. One line that names file, position and member. */
export class AgentFileError extends MeshError {
  readonly code = 'ERR_AGENT_FILE_INVALID';
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly member: string | undefined;

  constructor(fault: AgentFileFault, what: string, options?: MeshErrorOptions) {
    const position = fault.line === undefined ? '' : `:${fault.line}:${fault.column ?? 1}`;
    const member = fault.member ? `${fault.member} ` : '';
    super(`${fault.file}${position}: ${member}${what}.`, options);
    this.file = fault.file;
    this.line = fault.line;
    this.column = fault.column;
    this.member = fault.member;
  }
}

/** No agent.yaml has this name. */
export class AgentUnknownError extends MeshError {
  readonly code = 'ERR_AGENT_UNKNOWN';

  constructor(
    readonly agent: string,
    known: readonly string[],
  ) {
    super(`There is no agent named "${agent.slice(0, 64)}"; there are: ${known.join(', ')}.`);
  }
}
