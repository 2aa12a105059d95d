import type { SpiffeId } from '@mesh/spiffe';
import type { X509Svid } from '../x509-svid.js';
import { X509SourceError } from './x509-source.error.js';

/** Picks the SVID that a source serves from all that a workload has. Throws if none fits. */
export type SvidPicker = (svids: readonly X509Svid[]) => X509Svid;

/** The default identity: the first (SPIFFE_Workload_API.md, section 5.3). */
export const pickFirst: SvidPicker = (svids) => picked(svids[0]);

/** The SVID with exactly this SPIFFE ID. */
export function pickById(id: SpiffeId): SvidPicker {
  return (svids) => picked(svids.find((svid) => svid.id.equals(id)));
}

/** The SVID with this operator-given hint, such as `internal`. */
export function pickByHint(hint: string): SvidPicker {
  return (svids) => picked(svids.find((svid) => svid.hint === hint));
}

function picked(svid: X509Svid | undefined): X509Svid {
  if (svid === undefined) {
    throw new X509SourceError(
      'ERR_SVID_NOT_PICKED',
      'The Workload API sent no SVID with the SPIFFE ID or hint that is wanted.',
    );
  }
  return svid;
}
