export type { DraftChunk, DraftModel, ModelCheck } from './draft-model.js';
export { ExtractiveWriter } from './extractive/extractive-writer.js';
