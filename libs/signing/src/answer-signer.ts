import type { SpiffeId, X509Svid, X509SvidSource } from '@mesh/identity';
import {
  type Actor,
  type CanonicalRequest,
  canonicalJson,
  type Digest,
  MAX_ANSWER_CHARACTERS,
  MAX_STATEMENTS,
  requestJson,
  signStatement,
  type Statement,
} from '@mesh/provenance';
import type { AnswerRecord } from './answer-record.js';
import { sha256 } from './sha256.js';
import { SignedBody } from './signed-body.js';
import { orSigningError, SigningError, signingErrorOf } from './signing.error.js';
import { svidSigner } from './svid-signer.js';

/** The request that is answered, and on whose behalf it came. */
export interface AnsweredRequest {
  /** The caller's SPIFFE ID; for a person the client's ID. */
  readonly audience: string;
  /** The transaction, of the Txn-Token. */
  readonly txn: string;
  /** The person, by a pseudonym. */
  readonly subject: string;
  /** Of the Txn-Token, outermost first; at least one. */
  readonly actors: readonly SpiffeId[];
  /** Of the Txn-Token, in its order; at least one. */
  readonly scope: readonly string[];
  /** Digest of the Txn-Token. */
  readonly tokenHash: Digest;
  readonly request: CanonicalRequest;
  /** Carry the request itself, for whoever verifies later; else its digest. */
  readonly whole: boolean;
}

/** Signs an agent's answers with its X.509-SVID, whatever its key: ES256, ES384 or PS256. */
export class AnswerSigner {
  /**
   * @param id The agent's own. No SVID of another ID ever signs.
   * @param svids Asked at each answer. Owned by the caller.
   */
  constructor(
    private readonly id: SpiffeId,
    private readonly svids: X509SvidSource,
  ) {}

  /**
   * The content with its `requests` and `statements`, ready to be sent: the agent's own statement first, then those of
   * its inputs, each answer's in its order.
   *
   * @param content A plain JSON object, without `requests` and `statements`.
   * @throws SigningError, and what the source throws while it has no SVID
   *
   * @example
   * const { text } = await signer.sign({ article }, answered, recordOf(context), new Date());
   */
  async sign(
    content: object,
    answered: AnsweredRequest,
    record: AnswerRecord,
    now: Date,
  ): Promise<SignedBody> {
    const iat = Math.floor(now.getTime() / 1000);
    const svid = this.#svidAt(new Date(iat * 1000));
    const { inputs } = record;
    const request = requestOf(answered);
    const requests = [
      request.carried,
      ...inputs.flatMap((input) => input.requests.map((digest) => ({ digest }))),
    ];
    const text = contentJson(content, requests);
    const own = await signed(
      {
        iss: this.id,
        aud: answered.audience,
        txn: answered.txn,
        iat,
        sub: answered.subject,
        act: actorOf(answered.actors),
        scope: answered.scope,
        tth: answered.tokenHash,
        request: request.digest,
        content: sha256(text),
        inputs: {
          // Each names its own inputs by itself.
          statements: inputs.map(({ statements }) => sha256(statements[0] ?? '')),
          sources: record.sources,
        },
        edits: record.edits,
        producers: record.producers,
        hosts: record.hosts,
        findings: record.findings,
      },
      svid,
    );
    return bodyOf(text, [own, ...inputs.flatMap(({ statements }) => statements)]);
  }

  #svidAt(time: Date): X509Svid {
    const svid = this.svids.getX509Svid();
    if (!svid.id.equals(this.id)) {
      throw new SigningError(
        'ERR_SIGNING_IDENTITY',
        `${this.id.toString()} does not sign as ${svid.id.toString()}.`,
      );
    }
    if (svid.certificates.some(({ notBefore, notAfter }) => time < notBefore || time > notAfter)) {
      throw new SigningError(
        'ERR_SIGNING_SVID_NOT_VALID',
        'The SVID is not valid at the time of signing.',
      );
    }
    return svid;
  }
}

function requestOf({ request, whole }: AnsweredRequest): { digest: Digest; carried: object } {
  const { method, path, nonce, body } = request;
  const digest = sha256(
    orSigningError('ERR_SIGNING_REQUEST', 'The request has no canonical form.', () =>
      requestJson(request),
    ),
  );
  return { digest, carried: whole ? { method, path, nonce, body } : { digest } };
}

function contentJson(content: object, requests: readonly object[]): string {
  // By the looks of the whole: of its members alone a copy is made.
  const plain = Object.prototype.toString.call(content) === '[object Object]';
  if (!plain || 'toJSON' in content || 'requests' in content || 'statements' in content) {
    throw new SigningError(
      'ERR_SIGNING_CONTENT',
      'The content is no plain object, or has requests or statements of its own.',
    );
  }
  return orSigningError('ERR_SIGNING_CONTENT', 'The content has no canonical form.', () =>
    canonicalJson({ ...content, requests }),
  );
}

async function signed(statement: Statement, svid: X509Svid): Promise<string> {
  try {
    return await signStatement(statement, svidSigner(svid));
  } catch (cause) {
    throw signingErrorOf('ERR_SIGNING_STATEMENT', 'No verifier would take the statement.', cause);
  }
}

function bodyOf(content: string, statements: readonly string[]): SignedBody {
  const text = `${content.slice(0, -1)},"statements":${JSON.stringify(statements)}}`;
  if (
    statements.length > MAX_STATEMENTS ||
    new Set(statements).size !== statements.length ||
    text.length > MAX_ANSWER_CHARACTERS
  ) {
    throw new SigningError(
      'ERR_SIGNING_STATEMENT',
      'The answer is too long, or has too many statements or one of them twice.',
    );
  }
  return new SignedBody(text);
}

function actorOf([sub, ...rest]: readonly SpiffeId[]): Actor {
  if (sub === undefined) throw new TypeError('A request has at least one actor.');
  return rest.length === 0 ? { sub } : { sub, act: actorOf(rest) };
}
