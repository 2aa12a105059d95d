import { rule } from './answer.error.js';
import { isObject } from './compact-jws.js';
import type { Cryptography } from './cryptography.js';
import { type CitedSource, type Digest, requestJson, sourceJson } from './digest.js';
import type { JsonObject, JsonValue } from './strict-json.js';
import type { Statement } from './statement.js';

/**
 * `checked`: the answer holds what the digest is of, or the call that was just made is it. `attested`: whoever names
 * the statement as input vouches for it.
 */
export type Proof = 'checked' | 'attested';

/** A source of the answer, and the statements that name it as input: places in the answer's list, from 0. */
export interface NamedSource {
  readonly source: CitedSource;
  readonly digest: Digest;
  readonly namedBy: readonly number[];
}

const MAX_SOURCES = 100;
const REQUEST = ['body', 'method', 'nonce', 'path'];

/**
 * Holds the content's `requests` against the statements, one for each in their order: `{method, path, nonce, body}`,
 * or `{digest}` alone for inner ones, and for the first one where the caller knows what it called.
 *
 * @throws AnswerError `ERR_ANSWER_REQUESTS`, `ERR_ANSWER_REQUEST`
 */
export async function checkRequests(
  content: JsonObject,
  statements: readonly Statement[],
  called: boolean,
  cryptography: Cryptography,
): Promise<readonly Proof[]> {
  const { requests } = content;
  rule(
    Array.isArray(requests) && requests.length === statements.length,
    'ERR_ANSWER_REQUESTS',
    'The answer does not hold one request for each statement.',
  );
  return Promise.all(
    statements.map(async (statement, place) => {
      const request = (requests as readonly JsonValue[])[place];
      const { digest, proof } = await requestOf(request, place, called, cryptography);
      rule(
        digest === statement.request,
        'ERR_ANSWER_REQUEST',
        'A statement answers another request than the one in the answer.',
        { statement: place },
      );
      return proof;
    }),
  );
}

async function requestOf(
  request: JsonValue | undefined,
  place: number,
  called: boolean,
  cryptography: Cryptography,
): Promise<{ digest: JsonValue | undefined; proof: Proof }> {
  const members = isObject(request) ? request : {};
  const names = Object.keys(members).sort().join();
  if (names === 'digest' && (place > 0 || called)) {
    return { digest: members.digest, proof: place > 0 ? 'attested' : 'checked' };
  }
  const { method, path, nonce, body } = members;
  rule(
    names === REQUEST.join() &&
      typeof method === 'string' &&
      typeof path === 'string' &&
      typeof nonce === 'string',
    'ERR_ANSWER_REQUESTS',
    'A request of the answer is not method, path, nonce and body.',
    { statement: place },
  );
  const json = requestJson({ method, path, nonce, body });
  return { digest: await cryptography.digest(json), proof: 'checked' };
}

/**
 * Holds the content's `sources`, if it has any, against the inputs of the statements: each must be named.
 * @throws AnswerError `ERR_ANSWER_SOURCES`, `ERR_ANSWER_SOURCE_UNNAMED`
 */
export async function checkSources(
  content: JsonObject,
  statements: readonly Statement[],
  cryptography: Cryptography,
): Promise<readonly NamedSource[]> {
  const sources = content.sources ?? [];
  rule(
    Array.isArray(sources) && sources.length <= MAX_SOURCES,
    'ERR_ANSWER_SOURCES',
    `The sources of the answer are no list of at most ${MAX_SOURCES}.`,
  );
  const cited = (sources as readonly JsonValue[]).map(sourceOf);
  rule(
    new Set(cited.map(({ id }) => id)).size === cited.length,
    'ERR_ANSWER_SOURCES',
    'Two sources of the answer have one number.',
  );
  return Promise.all(
    cited.map(async (source) => {
      const digest = await cryptography.digest(sourceJson(source));
      const namedBy = statements.flatMap(({ inputs }, place) =>
        inputs.sources.includes(digest) ? [place] : [],
      );
      rule(
        namedBy.length > 0,
        'ERR_ANSWER_SOURCE_UNNAMED',
        'A source of the answer is named as input by no statement.',
      );
      return { source, digest, namedBy };
    }),
  );
}

function sourceOf(value: JsonValue): CitedSource {
  const { id, title, url, snippet } = isObject(value) ? value : {};
  rule(
    typeof id === 'number' &&
      typeof title === 'string' &&
      typeof url === 'string' &&
      typeof snippet === 'string',
    'ERR_ANSWER_SOURCES',
    'A source of the answer lacks id, title, url or snippet.',
  );
  return { id, title, url, snippet };
}
