import { SpiffeId } from '@mesh/spiffe';
import { AnswerError, rule } from './answer.error.js';
import { canonicalJson } from './canonical-json.js';
import { isObject } from './compact-jws.js';
import type { Digest } from './digest.js';
import type { JsonObject, JsonValue } from './strict-json.js';

/** Statements that one statement names as inputs, and an answer carries, at most. */
export const MAX_STATEMENTS = 16;
/** Actors in a row at most. */
export const MAX_ACTORS = 16;
const MAX_SOURCES = 100;
const MAX_ENTRIES = 64;

/** Who acts for the person, outermost first (RFC 8693 4.1). */
export interface Actor {
  readonly sub: SpiffeId;
  readonly act?: Actor;
}

/** A model or a tool that made part of the content. */
export interface Producer {
  readonly kind: 'model' | 'tool';
  /** As `gemini` or `embedded`. 1 to 64 characters. */
  readonly provider: string;
  /** Its name there. 1 to 200 characters of ASCII, spaces included. */
  readonly name: string;
  /** What a model's provider counted for this content, where it told. */
  readonly tokens?: TokenCounts;
}

/** Tokens of a model, as its provider counts them. */
export interface TokenCounts {
  /** Of what went to the model. */
  readonly input: number;
  /** Of what it wrote, its thoughts included. */
  readonly output: number;
}

/** How often something of a kind was done or found. */
export interface Tally {
  /** 1 to 64 of `a-z 0-9 . _ -`. */
  readonly kind: string;
  readonly count: number;
}

/** A host that was called, and how much went there. */
export interface HostCall {
  /** Name or address, with the port where it is not the usual one. */
  readonly host: string;
  /** Sent bytes of the bodies. */
  readonly bytes: number;
}

/**
 * Who produced a content, for whom and from what: the payload of a signed answer. Its wire form, with the limits of
 * each member, stands in the README.
 */
export interface Statement {
  /** Who says so. */
  readonly iss: SpiffeId;
  /** Whom it answers: the caller's SPIFFE ID, or the client's ID of a person. */
  readonly aud: string;
  /** The transaction. */
  readonly txn: string;
  /** Seconds since the epoch. */
  readonly iat: number;
  /** The person, by a pseudonym. */
  readonly sub: string;
  readonly act: Actor;
  /** What it was called for: the scopes of the Txn-Token, in its order. */
  readonly scope: readonly string[];
  /** Digest of the Txn-Token it was called with. */
  readonly tth: Digest;
  /** See `requestDigest`. */
  readonly request: Digest;
  /** See `contentDigest`. */
  readonly content: Digest;
  readonly inputs: {
    /** Digest of each statement in compact form. */
    readonly statements: readonly Digest[];
    /** See `sourceDigest`. */
    readonly sources: readonly Digest[];
  };
  /** How the content differs from that of the inputs, by kind. */
  readonly edits: readonly Tally[];
  readonly producers: readonly Producer[];
  readonly hosts: readonly HostCall[];
  /** What guardrails found, by kind. */
  readonly findings: readonly Tally[];
}

const VISIBLE = /^[\x21-\x7e]+$/;
const PRINTABLE = /^[\x20-\x7e]{1,200}$/;
/** RFC 6749 3.3. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/;
const DIGEST = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;
const KIND = /^[a-z0-9._-]{1,64}$/;
const HOST = /^[A-Za-z0-9._:[\]-]{1,261}$/;

/**
 * Reads the payload of a statement: exactly the members of the wire form.
 * @throws AnswerError `ERR_ANSWER_MEMBER_UNKNOWN`, `ERR_ANSWER_MEMBER_MISSING`, `ERR_ANSWER_MEMBER_INVALID`
 */
export function parseStatement(payload: JsonValue): Statement {
  const members = exactly(payload, 'the statement', [
    ...['iss', 'aud', 'txn', 'iat', 'sub', 'act', 'scope', 'tth'],
    ...['request', 'content', 'inputs', 'edits', 'producers', 'hosts', 'findings'],
  ]);
  const inputs = exactly(members.inputs, 'inputs', ['statements', 'sources']);
  return {
    iss: idOf(members.iss, 'iss'),
    aud: textOf(members.aud, 'aud', 2048),
    txn: textOf(members.txn, 'txn', 128),
    iat: countOf(members.iat, 'iat'),
    sub: textOf(members.sub, 'sub', 256),
    act: actorOf(members.act, 1),
    scope: scopeOf(members.scope),
    tth: digestMember(members.tth, 'tth'),
    request: digestMember(members.request, 'request'),
    content: digestMember(members.content, 'content'),
    inputs: {
      statements: listOf(inputs.statements, 'inputs.statements', MAX_STATEMENTS, digestMember),
      sources: listOf(inputs.sources, 'inputs.sources', MAX_SOURCES, digestMember),
    },
    edits: listOf(members.edits, 'edits', MAX_ENTRIES, tallyOf),
    producers: listOf(members.producers, 'producers', MAX_ENTRIES, producerOf),
    hosts: listOf(members.hosts, 'hosts', MAX_ENTRIES, hostOf),
    findings: listOf(members.findings, 'findings', MAX_ENTRIES, tallyOf),
  };
}

/**
 * The payload as canonical JSON.
 * @throws AnswerError as `parseStatement`: what no verifier takes is not signed
 */
export function serializeStatement(statement: Statement): string {
  const text = canonicalJson({
    ...statement,
    iss: statement.iss.toString(),
    act: actorJson(statement.act),
  });
  parseStatement(JSON.parse(text) as JsonValue);
  return text;
}

/** The actors in a row, outermost first. */
export function actorsOf(actor: Actor): readonly SpiffeId[] {
  return actor.act === undefined ? [actor.sub] : [actor.sub, ...actorsOf(actor.act)];
}

function actorJson(actor: Actor): JsonObject {
  const sub = actor.sub.toString();
  return actor.act === undefined ? { sub } : { sub, act: actorJson(actor.act) };
}

function actorOf(value: JsonValue | undefined, depth: number): Actor {
  if (depth > MAX_ACTORS) throw invalid('act');
  const nested = isObject(value) && Object.hasOwn(value, 'act');
  const { sub, act } = exactly(value, 'act', nested ? ['sub', 'act'] : ['sub']);
  const id = idOf(sub, 'act.sub');
  return nested ? { sub: id, act: actorOf(act, depth + 1) } : { sub: id };
}

function scopeOf(value: JsonValue | undefined): readonly string[] {
  const scopes = listOf(value, 'scope', MAX_ENTRIES, (one, what) => matching(one, what, SCOPE));
  // A token without scopes is for nothing, and there is none.
  if (scopes.length === 0 || new Set(scopes).size !== scopes.length) throw invalid('scope');
  return scopes;
}

function tallyOf(value: JsonValue, what: string): Tally {
  const { kind, count } = exactly(value, what, ['kind', 'count']);
  return { kind: matching(kind, `${what}.kind`, KIND), count: countOf(count, `${what}.count`) };
}

function producerOf(value: JsonValue, what: string): Producer {
  const counted = isObject(value) && Object.hasOwn(value, 'tokens');
  const { kind, provider, name, tokens } = exactly(value, what, [
    ...['kind', 'provider', 'name'],
    ...(counted ? ['tokens'] : []),
  ]);
  if (kind !== 'model' && kind !== 'tool') throw invalid(`${what}.kind`);
  return {
    kind,
    provider: textOf(provider, `${what}.provider`, 64),
    name: matching(name, `${what}.name`, PRINTABLE),
    ...(counted ? { tokens: tokensOf(tokens, `${what}.tokens`) } : {}),
  };
}

function tokensOf(value: JsonValue | undefined, what: string): TokenCounts {
  const { input, output } = exactly(value, what, ['input', 'output']);
  return { input: countOf(input, `${what}.input`), output: countOf(output, `${what}.output`) };
}

function hostOf(value: JsonValue, what: string): HostCall {
  const { host, bytes } = exactly(value, what, ['host', 'bytes']);
  return { host: matching(host, `${what}.host`, HOST), bytes: countOf(bytes, `${what}.bytes`) };
}

function digestMember(value: JsonValue | undefined, what: string): Digest {
  return matching(value, what, DIGEST);
}

function exactly(
  value: JsonValue | undefined,
  what: string,
  names: readonly string[],
): Readonly<Record<string, JsonValue | undefined>> {
  if (!isObject(value)) throw invalid(what);
  rule(
    Object.keys(value).every((name) => names.includes(name)),
    'ERR_ANSWER_MEMBER_UNKNOWN',
    `A member of ${what} is not known.`,
  );
  rule(
    names.every((name) => Object.hasOwn(value, name)),
    'ERR_ANSWER_MEMBER_MISSING',
    `A member of ${what} is missing.`,
  );
  return value;
}

function listOf<Item>(
  value: JsonValue | undefined,
  what: string,
  limit: number,
  itemOf: (item: JsonValue, what: string) => Item,
): readonly Item[] {
  if (!Array.isArray(value) || value.length > limit) throw invalid(what);
  return (value as readonly JsonValue[]).map((item) => itemOf(item, what));
}

function idOf(value: JsonValue | undefined, what: string): SpiffeId {
  try {
    if (typeof value === 'string') return SpiffeId.parse(value);
  } catch (cause) {
    throw invalid(what, cause);
  }
  throw invalid(what);
}

function textOf(value: JsonValue | undefined, what: string, limit: number): string {
  const text = matching(value, what, VISIBLE);
  if (text.length > limit) throw invalid(what);
  return text;
}

function matching(value: JsonValue | undefined, what: string, pattern: RegExp): string {
  if (typeof value !== 'string' || !pattern.test(value)) throw invalid(what);
  return value;
}

function countOf(value: JsonValue | undefined, what: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw invalid(what);
  return value;
}

function invalid(what: string, cause?: unknown): AnswerError {
  return new AnswerError(
    'ERR_ANSWER_MEMBER_INVALID',
    `${what} is not what the wire form says.`,
    cause === undefined ? {} : { cause },
  );
}
