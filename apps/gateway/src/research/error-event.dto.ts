import { ProblemDto } from '../openapi/problem.dto.js';

/** Data of the event `error`: the problem that the answer ended with. */
export class ErrorEventDto extends ProblemDto {
  /** True where text was sent before: it counts for nothing, and is not to be shown any more. */
  withdrawn?: boolean;
}
