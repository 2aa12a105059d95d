import 'reflect-metadata';
export { AgentIdentityDto } from './agent-identity.dto.js';
export { AgentEdgeDto, AgentsDto, AgentStateDto } from './agents.dto.js';
export { DocumentDto, DocumentsDto, MAX_DOCUMENTS } from './documents.dto.js';
export { DraftDto, DraftRequestDto, ModelDto, NoteDto } from './draft.dto.js';
export { AgentProgressDto, ProgressEventDto, SourcesEventDto, TextEventDto } from './events.dto.js';
export { isEvents, STAGES, type AgentEvent, type Stage } from './events.js';
export { HEADERS } from './headers.js';
export { DepthDto, MeDto, SessionDto, UserAuthenticationDto } from './me.dto.js';
export type { CallerIdentity, Delegation, RequestContext } from './request-context.js';
export {
  AnswerDto,
  DEPTHS,
  ResearchDto,
  researchAction,
  ResearchRequestDto,
  researchTransaction,
  type Depth,
} from './research.dto.js';
export { AnsweredRequestDto, SignedDto, type Unsigned } from './signed.dto.js';
export { SourceDto, SourceReferenceDto } from './source.dto.js';
export {
  BreakerDto,
  HealthCheckDto,
  HealthDto,
  type HealthState,
  MAX_REFUSALS,
  RefusalDto,
  StatusDto,
} from './status.dto.js';
