import { AgentProgressDto, SourcesEventDto, TextEventDto } from '@mesh/contracts';
import type { Contract } from './contract.js';

const CONTRACTS = new Map<string, Contract>([
  ['progress', AgentProgressDto],
  ['sources', SourcesEventDto],
  ['text', TextEventDto],
]);

/** What the data of an `AgentEvent` of this type must be; undefined for a type there is not, and for `done`. */
export function eventContract(type: string): Contract | undefined {
  return CONTRACTS.get(type);
}
