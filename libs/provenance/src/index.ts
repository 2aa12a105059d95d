// JSON and digests
export { canonicalJson } from './canonical-json.js';
export {
  type CanonicalRequest,
  type CitedSource,
  contentDigest,
  type Digest,
  digestOf,
  digestOfJson,
  requestDigest,
  sourceDigest,
} from './digest.js';
export { JsonError, type JsonErrorCode } from './json.error.js';
export { type JsonObject, type JsonValue, MAX_JSON_DEPTH, parseStrictJson } from './strict-json.js';
