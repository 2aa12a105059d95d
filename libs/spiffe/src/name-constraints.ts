import { type Certificate, type GeneralName, GeneralNameTag } from './certificate.js';
import { sameBytes } from './der.js';
import { rdnsOf } from './distinguished-name.js';

/**
 * Whether every name of `certificate` lies within the name constraints of `authority` (RFC 5280 4.2.1.10). Known are
 * URI (for SPIFFE IDs: the trust domain is the host), DNS and directory names. A constraint on any other form refuses
 * each certificate that has a name of the form, as the RFC demands of whoever cannot judge it.
 */
export function withinNameConstraints(certificate: Certificate, authority: Certificate): boolean {
  const constraints = authority.nameConstraints;
  if (constraints === undefined) return true;
  const subject: GeneralName[] = certificate.hasSubject
    ? [{ tag: GeneralNameTag.directory, content: certificate.subjectName }]
    : [];
  return [...certificate.alternativeNames, ...subject].every((name) => {
    const permitted = constraints.permitted.filter(({ tag }) => tag === name.tag);
    const excluded = constraints.excluded.filter(({ tag }) => tag === name.tag);
    if (permitted.length === 0 && excluded.length === 0) return true;
    const within = WITHIN[name.tag];
    if (within === undefined) return false;
    return (
      (permitted.length === 0 || permitted.some(({ content }) => within(name.content, content))) &&
      !excluded.some(({ content }) => within(name.content, content))
    );
  });
}

const WITHIN: Readonly<Record<number, (name: Uint8Array, constraint: Uint8Array) => boolean>> = {
  [GeneralNameTag.uri]: (name, constraint) => withinUri(textOf(name), textOf(constraint)),
  [GeneralNameTag.dns]: (name, constraint) => withinDns(textOf(name), textOf(constraint)),
  [GeneralNameTag.directory]: withinDirectory,
};

function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes).toLowerCase();
}

/** `.example.org` stands for every name below it, `example.org` for that name alone; empty for every name. */
function withinUri(uri: string, constraint: string): boolean {
  const host = /^spiffe:\/\/([^/]*)/.exec(uri)?.[1] ?? '';
  return constraint.startsWith('.') || constraint === ''
    ? host.endsWith(constraint)
    : host === constraint;
}

/** For DNS `example.org` stands for that name and every name below it. */
function withinDns(name: string, constraint: string): boolean {
  const suffix = constraint.replace(/^\.?(?=.)/, '.');
  return constraint === '' || `.${name}`.endsWith(suffix);
}

/** A directory name is within one that it begins with, part by part. */
function withinDirectory(name: Uint8Array, constraint: Uint8Array): boolean {
  const parts = rdnsOf(name);
  return rdnsOf(constraint).every((part, index) => {
    const own = parts[index];
    return own !== undefined && sameBytes(own, part);
  });
}
