export { DRAFT_MODEL } from './draft-model.token.js';
export { LlmModule, type LlmModuleOptions } from './llm.module.js';
export { ModelHealthIndicator } from './model.health.js';
