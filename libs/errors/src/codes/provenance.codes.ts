import type { ErrorEntry } from '../error-entry.js';

/** Codes of signed answers and of the documents they are verified by. */
export const provenanceCodes = {
  ERR_ANSWER_JSON_SIZE: {
    status: 502,
    title: 'The JSON text is too long',
    remedy: 'Check what it holds; limits stand in the README of @mesh/provenance.',
  },
  ERR_ANSWER_JSON_DEPTH: {
    status: 502,
    title: 'The JSON value is nested too deeply',
    remedy: 'Nest at most 32 levels.',
  },
  ERR_ANSWER_JSON_SYNTAX: {
    status: 502,
    title: 'The text is not JSON',
    remedy: 'Check that the text arrived whole.',
  },
  ERR_ANSWER_JSON_DUPLICATE_MEMBER: {
    status: 502,
    title: 'A JSON object has a member twice',
    remedy: 'Two readers could see two things: find out who wrote it so.',
  },
  ERR_ANSWER_JSON_NUMBER: {
    status: 502,
    title: 'A JSON number cannot be held by a double',
    remedy: 'Write such numbers as text.',
  },
  ERR_ANSWER_JSON_STRING: {
    status: 502,
    title: 'A JSON string has half of a surrogate pair',
    remedy: 'Cut texts between characters, not within one.',
  },
  ERR_ANSWER_JSON_VALUE: {
    status: 502,
    title: 'A value is none that JSON can say',
    remedy: 'Give plain values alone: no undefined, no dates, no functions.',
  },
  ERR_ANSWER_STATEMENT_SIZE: {
    status: 502,
    title: 'The statement is too long',
    remedy: 'Check what the signer put into it; 65,536 characters are allowed.',
  },
  ERR_ANSWER_COMPACT_PARTS: {
    status: 502,
    title: 'The statement has other than three parts',
    remedy: 'Check that it arrived whole, in the compact form of JWS.',
  },
  ERR_ANSWER_BASE64URL: {
    status: 502,
    title: 'The statement is not canonical base64url',
    remedy: 'Check that it arrived unchanged; padding and white space are refused.',
  },
  ERR_ANSWER_UTF8: {
    status: 502,
    title: 'A part of the statement is not UTF-8',
    remedy: 'Check that it arrived unchanged.',
  },
  ERR_ANSWER_HEADER_MALFORMED: {
    status: 502,
    title: 'The protected header of the statement is not an object',
    remedy: 'Check the signer.',
  },
  ERR_ANSWER_HEADER_KEY: {
    status: 502,
    title: 'The statement brings its own key',
    remedy: 'Treat it as an attack: keys come from the certificate alone.',
  },
  ERR_ANSWER_HEADER_B64: {
    status: 502,
    title: 'The statement has the option b64',
    remedy: 'Treat it as an attack: no signer of the mesh sets it.',
  },
  ERR_ANSWER_HEADER_CRIT: {
    status: 502,
    title: 'The statement has critical members that are not understood',
    remedy: 'Check the signer; its version may be newer.',
  },
  ERR_ANSWER_HEADER_MEMBER: {
    status: 502,
    title: 'The protected header has a member that is not known',
    remedy: 'Check the signer; its version may be newer.',
  },
  ERR_ANSWER_ALGORITHM: {
    status: 502,
    title: 'The statement is signed by an algorithm that is not allowed',
    remedy: 'Use ES256, ES384, RS256 or PS256, after the key of the SVID.',
  },
  ERR_ANSWER_TYPE: {
    status: 502,
    title: 'The token is not a statement',
    remedy: 'Check that no other kind of token was sent in its place.',
  },
  ERR_ANSWER_KEY_ID: {
    status: 502,
    title: 'The kid of the statement is not a SPIFFE ID',
    remedy: 'Check the signer.',
  },
  ERR_ANSWER_CERTIFICATES: {
    status: 502,
    title: 'The certificates of the statement cannot be read',
    remedy: 'Check the signer: x5c holds the chain of its SVID, leaf first.',
  },
  ERR_ANSWER_MEMBER_UNKNOWN: {
    status: 502,
    title: 'The statement has a member that is not known',
    remedy: 'Check the signer; its version may be newer.',
  },
  ERR_ANSWER_MEMBER_MISSING: {
    status: 502,
    title: 'A member of the statement is missing',
    remedy: 'Check the signer; its version may be older.',
  },
  ERR_ANSWER_MEMBER_INVALID: {
    status: 502,
    title: 'A member of the statement is not what the wire form says',
    remedy: 'Check the signer against the README of @mesh/provenance.',
  },
  ERR_ANSWER_CHAIN: {
    status: 502,
    title: 'The certificates of the statement do not hold',
    remedy: 'See the cause in the log; an archive document is needed for CAs that are retired.',
  },
  ERR_ANSWER_ALGORITHM_KEY: {
    status: 502,
    title: "The algorithm is not one for the certificate's key",
    remedy: 'Treat it as an attack: signers choose the algorithm after their key.',
  },
  ERR_ANSWER_SIGNATURE: {
    status: 502,
    title: 'The signature of the statement is wrong',
    remedy: 'It was changed on the way, or signed by another key: do not use the answer.',
  },
  ERR_ANSWER_CERTIFICATE_ID: {
    status: 502,
    title: 'The certificate is of another workload than the kid says',
    remedy: 'A workload signed in the name of another: do not use the answer.',
  },
  ERR_ANSWER_ISSUER_KEY_ID: {
    status: 502,
    title: 'The iss of the statement is not its kid',
    remedy: 'A workload signed in the name of another: do not use the answer.',
  },
  ERR_ANSWER_ISSUER: {
    status: 502,
    title: 'The statement is of another workload than the one that was called',
    remedy: 'Do not use the answer; check which workload answered.',
  },
  ERR_ANSWER_AUDIENCE: {
    status: 502,
    title: 'The statement answers another caller',
    remedy: 'It was taken from another call: do not use the answer.',
  },
  ERR_ANSWER_TXN: {
    status: 502,
    title: 'The statement is of another transaction',
    remedy: 'It was taken from another call: do not use the answer.',
  },
  ERR_ANSWER_REQUEST: {
    status: 502,
    title: 'The statement answers another request',
    remedy: 'It was taken from another call: do not use the answer.',
  },
  ERR_ANSWER_CONTENT: {
    status: 502,
    title: 'The content is not the one that was signed',
    remedy: 'It was changed after it was signed: do not use the answer.',
  },
  ERR_ANSWER_IAT_OUTSIDE_CERTIFICATE: {
    status: 502,
    title: 'The statement was not made while its certificates were valid',
    remedy: 'Check the clocks of signer and CA.',
  },
  ERR_ANSWER_IAT_FUTURE: {
    status: 502,
    title: 'The statement is from the future',
    remedy: 'Check the clocks; they may differ by 60 seconds.',
  },
  ERR_ANSWER_IAT_OLD: {
    status: 502,
    title: 'The statement is too old to answer this call',
    remedy: 'It was kept and sent again, or the clocks differ: do not use the answer.',
  },
  ERR_ANSWER_DOCUMENT: {
    status: 502,
    title: 'The answer is not one with statements',
    remedy: 'Give the whole answer as it was delivered.',
  },
  ERR_ANSWER_UNSIGNED: {
    status: 502,
    title: 'The answer is not signed',
    remedy: 'Do not use it; its route promises a signed one.',
  },
  ERR_ANSWER_STATEMENTS_TOO_MANY: {
    status: 502,
    title: 'The answer holds too many statements',
    remedy: 'Check the agents: at most 16 have part in an answer.',
  },
  ERR_ANSWER_STATEMENT_TWICE: {
    status: 502,
    title: 'A statement stands in the answer twice',
    remedy: 'The answer was put together by somebody else: do not use it.',
  },
  ERR_ANSWER_ORDER: {
    status: 502,
    title: 'The statements do not stand outermost first',
    remedy: 'The answer was put together by somebody else: do not use it.',
  },
  ERR_ANSWER_INPUT_MISSING: {
    status: 502,
    title: 'A statement that another names as its input is missing',
    remedy: 'A statement was dropped or exchanged: do not use the answer.',
  },
  ERR_ANSWER_INPUT_TWICE: {
    status: 502,
    title: 'A statement is named as input twice',
    remedy: 'Check the signer: each call is named once.',
  },
  ERR_ANSWER_STATEMENT_UNNAMED: {
    status: 502,
    title: 'A statement is named as input by no other',
    remedy: 'A statement was added from another answer: do not use the answer.',
  },
  ERR_ANSWER_ROOT: {
    status: 502,
    title: 'The answer is signed by another than the trust document names',
    remedy: 'Do not use the answer; check that the trust document is of this mesh.',
  },
  ERR_ANSWER_EDGE: {
    status: 502,
    title: 'The statement is of a workload that may not be called for it',
    remedy: 'Do not use the answer; check the edges of the trust document.',
  },
  ERR_ANSWER_TXN_DIFFERS: {
    status: 502,
    title: 'The statements are of different transactions',
    remedy: 'A statement was taken from another answer: do not use the answer.',
  },
  ERR_ANSWER_SUBJECT_DIFFERS: {
    status: 502,
    title: 'The statements are for different persons',
    remedy: 'A statement was taken from another answer: do not use the answer.',
  },
  ERR_ANSWER_ACTORS: {
    status: 502,
    title: 'The actors of the statements do not follow from one another',
    remedy: 'A statement was taken from another answer: do not use the answer.',
  },
  ERR_ANSWER_TIME_ORDER: {
    status: 502,
    title: 'A statement is older than its input',
    remedy: 'Check the clocks of the agents; they may differ by 60 seconds.',
  },
  ERR_ANSWER_REQUESTS: {
    status: 502,
    title: 'The answer does not hold the requests that it answers',
    remedy: 'Check the gateway: one request for each statement.',
  },
  ERR_ANSWER_SOURCES: {
    status: 502,
    title: 'The sources of the answer cannot be read',
    remedy: 'Check the gateway: each has id, title, url and snippet.',
  },
  ERR_ANSWER_SOURCE_UNNAMED: {
    status: 502,
    title: 'A source of the answer is named by no statement',
    remedy: 'It was changed or added on the way: do not use the answer.',
  },
  ERR_ANSWER_TRUST_DOMAIN: {
    status: 502,
    title: 'The statement or the archive is of another trust domain',
    remedy: 'Check that answer, trust document and archive are of one mesh.',
  },
  ERR_ANSWER_NOT_VALID_AT: {
    status: 502,
    title: 'The certificates were not valid at the time to judge at',
    remedy: 'Give a time at which the answer existed, or none.',
  },
  ERR_ANSWER_AUTHORITY_DISTRUSTED: {
    status: 502,
    title: 'A CA that vouches for the answer is distrusted',
    remedy: 'Do not use the answer, however old it is.',
  },
  ERR_ANSWER_AUTHORITY_RETIRED: {
    status: 502,
    title: 'The statement was made after its CA was retired',
    remedy: 'Do not use the answer: its key may have been stolen.',
  },
  ERR_TRUST_DOCUMENT_MALFORMED: {
    status: 400,
    title: 'The trust document or the archive is malformed',
    remedy: 'Get it anew, as the mesh or its keeper gives it.',
  },
  ERR_TRUST_DOCUMENT_TYPE: {
    status: 400,
    title: 'The document is not of the expected type',
    remedy: 'Give the trust document as such and the archive as archive.',
  },
  ERR_TRUST_DOCUMENT_FOREIGN_ID: {
    status: 400,
    title: 'An ID in the trust document is of no workload of its trust domain',
    remedy: 'Get it anew; all IDs of a trust document are of one trust domain.',
  },
} as const satisfies Record<string, ErrorEntry>;
