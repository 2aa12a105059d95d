export { AgentDirectory, type AgentEdge } from './agent-file/agent-directory.js';
export { AgentFileError, AgentUnknownError } from './agent-file/agent-file.error.js';
export {
  AgentFile,
  type AgentAction,
  type AgentActsFor,
  type AgentLimits,
} from './agent-file/agent-file.js';
export { ConfigError } from './config/config.error.js';
export {
  loadConfig,
  projectFolder,
  type ConfigRow,
  type LoadConfigOptions,
  type MeshConfig,
} from './config/config.js';
export { isLoopbackName } from './config/kinds.js';
export { portVariables } from './config/settings.js';
export { TlsFileError } from './tls/tls-file.error.js';
export { loopbackTls, readTlsFiles, type TlsFiles, type TlsMaterial } from './tls/tls-files.js';
export type { IssuerAddress } from './pipeline/issuer-documents.js';
export type { IssuerFetch, IssuerRequest } from './pipeline/issuer-fetch.js';
export { parseContract, type Contract } from './pipeline/contract.js';
export {
  PeerClient,
  type DelegatedCall,
  type HopObserver,
  type HopOutcome,
  type PeerRequest,
  type PeerTrust,
} from './pipeline/peer-client.js';
export { PeerCallError, RelayedError, UndelegatedCallError } from './pipeline/peer.error.js';
export { BodyInvalidError, RequestEndedError, RequestError } from './pipeline/pipeline.error.js';
export { newRequestNonce } from './pipeline/request-nonce.js';
export { serverSentEvents, type ServerSentEvent } from './pipeline/server-sent-events.js';
