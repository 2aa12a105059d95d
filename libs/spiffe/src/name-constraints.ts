import { type Certificate, type GeneralName, GeneralNameTag } from './certificate.js';
import { sameBytes } from './der.js';
import { rdnsOf } from './distinguished-name.js';

/** rfc822Name; an emailAddress in the subject is one too (RFC 5280 4.2.1.10). */
const EMAIL_TAG = 0x81;
const EMAIL_ATTRIBUTE = /(?:^|[,+])1\.2\.840\.113549\.1\.9\.1=/;
/** Of one certificate with one authority. It takes 2 ms; two certificates of 16 KiB could ask for 10 million. */
const MAX_COMPARISONS = 4096;

/**
 * Whether every name of `certificate` lies within the name constraints of `authority` (RFC 5280 4.2.1.10). Judged are
 * URI (for SPIFFE IDs: the trust domain is the host), DNS, and permitted directory names. A constraint on any other
 * form refuses each certificate that has a name of the form, as the RFC demands of whoever cannot judge it; so do
 * more than 4096 comparisons of a name with a constraint.
 */
export function withinNameConstraints(certificate: Certificate, authority: Certificate): boolean {
  const constraints = authority.nameConstraints;
  if (constraints === undefined) return true;
  const names = namesOf(certificate);
  const count = constraints.permitted.length + constraints.excluded.length;
  if (names.length * count > MAX_COMPARISONS) return false;
  return names.every(({ tag, content: name }) => {
    const permitted = constraints.permitted.filter((constraint) => constraint.tag === tag);
    const excluded = constraints.excluded.filter((constraint) => constraint.tag === tag);
    if (permitted.length === 0 && excluded.length === 0) return true;
    // Directory names are compared by their bytes. A different encoding of an excluded one would slip through.
    if (tag === GeneralNameTag.directory && excluded.length > 0) return false;
    const within = WITHIN.get(tag);
    if (within === undefined) return false;
    return (
      (permitted.length === 0 || permitted.some(({ content }) => within(name, content))) &&
      !excluded.some(({ content }) => within(name, content))
    );
  });
}

function namesOf(certificate: Certificate): readonly GeneralName[] {
  const names = [...certificate.alternativeNames];
  const content = certificate.subjectName;
  if (certificate.hasSubject) names.push({ tag: GeneralNameTag.directory, content });
  if (EMAIL_ATTRIBUTE.test(certificate.subject)) names.push({ tag: EMAIL_TAG, content });
  return names;
}

const WITHIN: ReadonlyMap<number, (name: Uint8Array, constraint: Uint8Array) => boolean> = new Map([
  [GeneralNameTag.uri, (name, constraint) => withinUri(textOf(name), textOf(constraint))],
  [GeneralNameTag.dns, (name, constraint) => withinDns(textOf(name), textOf(constraint))],
  [GeneralNameTag.directory, withinDirectory],
]);

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).toLowerCase();
}

/** `.example.org` stands for every host below it, `example.org` for that host alone; empty for every host. */
function withinUri(uri: string, constraint: string): boolean {
  const host = /^spiffe:\/\/([^/]*)/.exec(uri)?.[1] ?? '';
  if (constraint === '' || constraint.startsWith('.')) return host.endsWith(constraint);
  return host === constraint;
}

/** `example.org` stands for that name and every name below it, `.example.org` for those below alone. */
function withinDns(name: string, constraint: string): boolean {
  if (constraint === '' || constraint.startsWith('.')) return name.endsWith(constraint);
  return `.${name}`.endsWith(`.${constraint}`);
}

/** A directory name is within one that it begins with, part by part. */
function withinDirectory(name: Uint8Array, constraint: Uint8Array): boolean {
  const parts = rdnsOf(name);
  return rdnsOf(constraint).every((part, index) => {
    const own = parts[index];
    return own !== undefined && sameBytes(own, part);
  });
}
