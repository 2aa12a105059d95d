/** The last part of a SPIFFE ID's path, by which people call an agent. Its ID is always there to be seen too. */
export function shortName(spiffeId: string): string {
  return spiffeId.slice(spiffeId.lastIndexOf('/') + 1) || spiffeId;
}

/** Enough of a digest or pseudonym to tell two apart at a glance. */
export function shortened(text: string, length = 10): string {
  return text.length > length ? `${text.slice(0, length)}…` : text;
}
