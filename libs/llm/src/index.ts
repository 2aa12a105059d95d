export type {
  DraftChunk,
  DraftModel,
  DraftOptions,
  ModelCheck,
  TokenCounts,
} from './draft-model.js';
export { ExtractiveWriter } from './extractive/extractive-writer.js';
export {
  GeminiClient,
  type GeminiCallMeasure,
  type GeminiClientOptions,
  type GeminiContent,
  type GeminiRequest,
} from './gemini/gemini-client.js';
export { GeminiWriter } from './gemini/gemini-writer.js';
export { ModelError, type ModelErrorCode, type ModelErrorDetails } from './model.error.js';
