import { existsSync, readFileSync, renameSync } from 'node:fs';
import type { Logger } from '@mesh/observability';
import {
  parseArchiveDocument,
  parseTrustDocument,
  serializeArchiveDocument,
  serializeTrustDocument,
  type ArchivedAuthority,
  type TrustDocument,
} from '@mesh/provenance';
import type { Certificate } from '@mesh/spiffe';
import type { StateFolder } from './state-folder.js';

/** CAs that the archive holds; of more the oldest retired ones go. */
const MAX_ARCHIVED = 1000;

/**
 * Keeps in the state folder what answers are verified against later: the trust document as it is now and, apart from it,
 * the CAs that stood in the one before and stand no longer, as retired since `now`. A document that cannot be read, or is
 * of another trust domain, is set aside with a warning: it costs old answers their proof, and must not keep a mesh from
 * starting.
 */
export function keepTrust(
  state: StateFolder,
  trust: TrustDocument,
  now: Date,
  logger: Logger,
): void {
  state.changeTrust(() => keep(state, trust, now, logger));
}

function keep(state: StateFolder, trust: TrustDocument, now: Date, logger: Logger): void {
  const { trustDomain, x509Authorities } = trust.bundle;
  const isOwn = (other: { name: string }) => other.name === trustDomain.name;
  const before = read(state.trustFile, logger, (text) => {
    const { bundle } = parseTrustDocument(text);
    return isOwn(bundle.trustDomain) ? bundle.x509Authorities : undefined;
  });
  const archived = read(state.archiveFile, logger, (text) => {
    const archive = parseArchiveDocument(text);
    return isOwn(archive.trustDomain) ? archive.authorities : undefined;
  });
  const known = new Set(
    [...x509Authorities, ...(archived ?? []).map(({ certificate }) => certificate)].map(textOf),
  );
  const retired = (before ?? [])
    .filter((certificate) => !known.has(textOf(certificate)))
    .map((certificate) => retiredAt(certificate, now));
  // First: were it broken off here, the next start would find the same CAs gone.
  const authorities = bounded([...(archived ?? []), ...retired]);
  state.write(state.archiveFile, serializeArchiveDocument({ trustDomain, authorities }));
  state.write(state.trustFile, serializeTrustDocument(trust));
}

/**
 * Adds the CAs of a mesh that is gone to the archive of another state folder, as retired since `now`: its answers verify
 * there as well. Where that folder keeps no trust document of the same trust domain, they do not, and nothing is added.
 */
export function inheritTrust(
  state: StateFolder,
  gone: StateFolder,
  now: Date,
  logger: Logger,
): void {
  if (existsSync(state.trustFile)) state.changeTrust(() => inherit(state, gone, now, logger));
}

function inherit(state: StateFolder, gone: StateFolder, now: Date, logger: Logger): void {
  const { bundle } = parseTrustDocument(readFileSync(gone.trustFile, 'utf8'));
  const own = read(state.trustFile, logger, parseTrustDocument)?.bundle;
  if (own?.trustDomain.equals(bundle.trustDomain) !== true) return;
  const { trustDomain } = own;
  const archived = read(state.archiveFile, logger, parseArchiveDocument)?.authorities ?? [];
  const earlier = read(gone.archiveFile, logger, parseArchiveDocument)?.authorities ?? [];
  const authorities = bounded([
    ...archived,
    ...earlier,
    ...bundle.x509Authorities.map((certificate) => retiredAt(certificate, now)),
  ]);
  state.write(state.archiveFile, serializeArchiveDocument({ trustDomain, authorities }));
}

/** A distrusted CA stays: forgotten, it would be an unknown one, and no longer one that fails by name. */
function bounded(authorities: readonly ArchivedAuthority[]): readonly ArchivedAuthority[] {
  let excess = authorities.length - MAX_ARCHIVED;
  return authorities.filter(({ status }) => status === 'distrusted' || excess-- <= 0);
}

/** What `parse` makes of a file; undefined where there is none, or none of use. */
function read<T>(
  file: string,
  logger: Logger,
  parse: (text: string) => T | undefined,
): T | undefined {
  let reason = 'it is of another trust domain';
  try {
    const value = parse(readFileSync(file, 'utf8'));
    if (value !== undefined) return value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    reason = error instanceof Error ? error.message : 'unknown';
  }
  const aside = `${file}.aside`;
  renameSync(file, aside);
  logger.warn({ path: aside, reason }, 'a document of trust was set aside');
  return undefined;
}

function retiredAt(certificate: Certificate, now: Date): ArchivedAuthority {
  return { certificate, status: 'retired', since: Math.floor(now.getTime() / 1000) };
}

function textOf({ raw }: { readonly raw: Uint8Array }): string {
  return Buffer.from(raw).toString('base64');
}
