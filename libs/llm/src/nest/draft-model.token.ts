/** Token of the agent's `DraftModel`. */
export const DRAFT_MODEL = Symbol('DRAFT_MODEL');
