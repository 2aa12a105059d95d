import { agentCodes } from './codes/agent.codes.js';
import { authorityCodes } from './codes/authority.codes.js';
import { edgeCodes } from './codes/edge.codes.js';
import { egressCodes } from './codes/egress.codes.js';
import { identityCodes } from './codes/identity.codes.js';
import { llmCodes } from './codes/llm.codes.js';
import { meshCodes } from './codes/mesh.codes.js';
import { resilienceCodes } from './codes/resilience.codes.js';
import { searchCodes } from './codes/search.codes.js';
import { secretsCodes } from './codes/secrets.codes.js';
import { provenanceCodes } from './codes/provenance.codes.js';
import { signInCodes } from './codes/sign-in.codes.js';
import { signingCodes } from './codes/signing.codes.js';
import { delegationCodes } from './codes/delegation.codes.js';
import { issuerCodes } from './codes/issuer.codes.js';
import type { ErrorEntry } from './error-entry.js';

/** Every error code of the project, by area. `docs/errors.md` is generated from it. */
export const errorAreas = {
  identity: identityCodes,
  authority: authorityCodes,
  agent: agentCodes,
  resilience: resilienceCodes,
  llm: llmCodes,
  search: searchCodes,
  secrets: secretsCodes,
  egress: egressCodes,
  provenance: provenanceCodes,
  signing: signingCodes,
  delegation: delegationCodes,
  issuer: issuerCodes,
  'sign-in': signInCodes,
  edge: edgeCodes,
  mesh: meshCodes,
} as const;

type KeyOf<T> = T extends unknown ? Extract<keyof T, string> : never;

/** A stable code that callers branch on, never on a message. */
export type ErrorCode = KeyOf<(typeof errorAreas)[keyof typeof errorAreas]>;

const entries = new Map<string, ErrorEntry>(
  Object.values(errorAreas).flatMap((area) => Object.entries(area)),
);

/** Every code, in the order of the areas. */
export const errorCodes: readonly ErrorCode[] = [...entries.keys()] as ErrorCode[];

/** The entry of a code, or undefined for text that is no code of this project. */
export function errorEntry(code: string): ErrorEntry | undefined {
  return entries.get(code);
}

export function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && entries.has(code);
}
