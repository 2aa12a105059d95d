import canonicalize from 'canonicalize';
import { JsonError } from './json.error.js';
import { MAX_JSON_DEPTH, notANumber, notWellFormed, tooDeep } from './strict-json.js';

/**
 * Canonical JSON by RFC 8785. Only what JSON can say has such a form: members that are `undefined`, holes in lists,
 * dates, functions, `NaN`, infinities and lone surrogates are refused instead of dropped or converted.
 *
 * @throws JsonError `ERR_ANSWER_JSON_VALUE`, `ERR_ANSWER_JSON_NUMBER`, `ERR_ANSWER_JSON_STRING`, `ERR_ANSWER_JSON_DEPTH`
 *
 * @example
 * canonicalJson({ b: 1e30, a: '€' }); // {"a":"€","b":1e+30}
 */
export function canonicalJson(value: unknown): string {
  assertJson(value, 0);
  return canonicalize(value) as string;
}

function assertJson(value: unknown, depth: number): void {
  if (depth > MAX_JSON_DEPTH) throw tooDeep();
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) throw notANumber();
    return;
  }
  if (typeof value === 'string') {
    if (!value.isWellFormed()) throw notWellFormed();
    return;
  }
  if (typeof value !== 'object') throw notJson();
  if (Array.isArray(value)) {
    // Array.from makes `undefined` of holes, which forEach would pass over.
    for (const item of Array.from(value as unknown[])) assertJson(item, depth + 1);
    return;
  }
  // A toJSON, inherited or not, would speak instead of the members.
  if (!isPlain(value) || typeof (value as { toJSON?: unknown }).toJSON === 'function') {
    throw notJson();
  }
  for (const [name, member] of Object.entries(value)) {
    if (!name.isWellFormed()) throw notWellFormed();
    assertJson(member, depth + 1);
  }
}

/** By its looks and not by its prototype: objects come from other realms, and of classes (DTOs). */
function isPlain(value: object): boolean {
  return Object.prototype.toString.call(value) === '[object Object]';
}

function notJson(): JsonError {
  return new JsonError('ERR_ANSWER_JSON_VALUE', 'A value is none that JSON can say.');
}
