export { chainDefects, type Defect, type Presented } from './defects.js';
export {
  type CaOptions,
  concatenated,
  der,
  type IssueOptions,
  type KeyType,
  type KeyUsageName,
  mintCa,
  type Minted,
  MintedCa,
  type MintHash,
  type MintNames,
  type MintOptions,
  newKeys,
  pem,
} from './mint.js';
export { FakeClock } from './fake-clock.js';
export {
  bundlesResponse,
  FakeCall,
  FakeWorkloadApi,
  svidEntry,
  svidResponse,
} from './fake-workload-api.js';
export { Queue } from './queue.js';
