export { errorAreas, errorCodes, errorEntry, isErrorCode, type ErrorCode } from './codes.js';
export type { ErrorEntry } from './error-entry.js';
export { hasCode, MeshError, type MeshErrorOptions, type Retry } from './mesh-error.js';
export { problemOf, type HasMembers, type Problem, type ProblemMember } from './problem.js';
