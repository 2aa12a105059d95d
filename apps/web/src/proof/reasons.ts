import { errorEntry } from '@mesh/errors';
import type { Refusal } from './verifier.js';

/** Why an answer is not shown, for people: what is wrong with it, and what they can do. */
export interface Reason {
  readonly title: string;
  readonly detail: string;
  readonly advice: string;
}

type Words = Pick<Reason, 'title' | 'advice'>;

const AGAIN = 'Ask whoever gave you the file for it once more, as it was downloaded.';
const NOT_AN_ANSWER: Words = {
  title: 'This is not a signed answer',
  advice: 'Take the file that “Signed JSON” saves, or what ./mesh ask --json prints.',
};
const CHANGED: Words = {
  title: 'This was changed after it was signed',
  advice: `Do not rely on any of it. ${AGAIN}`,
};
const STRANGER: Words = {
  title: 'This is signed by somebody who is not trusted here',
  advice:
    'If it comes from another mesh, bring that mesh’s trust document, had from somebody you trust.',
};
const TIME: Words = {
  title: 'The times of this answer do not hold',
  advice: 'See whether the clock of this device is right.',
};
const TRUST: Words = {
  title: 'The trust document cannot be used',
  advice: 'Take the file that the mesh serves at /v1/trust, and for an archive /v1/trust/archive.',
};

/** By code, or by how it begins. */
const words: readonly (readonly [string, Words])[] = [
  ['FILE_TOO_LARGE', { ...NOT_AN_ANSWER, title: 'This is too large for an answer' }],
  ['FILE_UNREADABLE', { title: 'The file cannot be read', advice: 'Choose a file, not a folder.' }],
  ['ERR_ANSWER_JSON_SIZE', { ...NOT_AN_ANSWER, title: 'This is too large for an answer' }],
  ['ERR_ANSWER_JSON_DEPTH', { ...NOT_AN_ANSWER, title: 'This is nested too deeply' }],
  ['ERR_ANSWER_JSON_SYNTAX', { ...NOT_AN_ANSWER, title: 'This is not JSON' }],
  ['ERR_ANSWER_JSON_', { ...CHANGED, title: 'Two readers could see two things in this' }],
  ['ERR_ANSWER_DOCUMENT', NOT_AN_ANSWER],
  ['ERR_ANSWER_UNSIGNED', { title: 'Nobody has signed this', advice: NOT_AN_ANSWER.advice }],
  ['ERR_ANSWER_TRUST_DOMAIN', STRANGER],
  ['ERR_ANSWER_ROOT', STRANGER],
  ['ERR_ANSWER_CHAIN', STRANGER],
  [
    'ERR_ANSWER_EDGE',
    { ...STRANGER, title: 'An agent had a part in this that was not allowed to' },
  ],
  [
    'ERR_ANSWER_AUTHORITY_DISTRUSTED',
    { title: 'The CA behind this is distrusted', advice: 'Do not rely on any of it.' },
  ],
  [
    'ERR_ANSWER_AUTHORITY_RETIRED',
    { ...STRANGER, title: 'This was signed after its CA was retired' },
  ],
  ['ERR_ANSWER_NOT_VALID_AT', TIME],
  ['ERR_ANSWER_IAT_', TIME],
  ['ERR_ANSWER_TIME_ORDER', TIME],
  ['ERR_ANSWER_', CHANGED],
  ['ERR_TRUST_DOCUMENT_', TRUST],
  ['ERR_BUNDLE_', TRUST],
  [
    'VERIFICATION_TIMEOUT',
    { title: 'This could not be verified in time', advice: 'It may be made to be hard to verify.' },
  ],
  [
    'VERIFICATION_UNAVAILABLE',
    { title: 'The verifier could not be loaded', advice: 'Reload the page, and try again.' },
  ],
];

/** The reason in plain words; nothing in it comes from the refused answer. */
export function reasonOf({ code, message, statement }: Refusal): Reason {
  const [, found] = words.find(([start]) => code.startsWith(start)) ?? [];
  const place = statement === undefined ? '' : ` The fault is in statement ${statement + 1}.`;
  return {
    title: found?.title ?? errorEntry(code)?.title ?? 'This does not verify',
    detail: `${message}${place} Nothing of it is shown.`,
    advice: found?.advice ?? AGAIN,
  };
}
