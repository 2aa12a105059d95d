export { isCorrelationId, newCorrelationId, receiveCorrelationId } from './correlation-id.js';
export {
  LOG_EVENTS,
  LOG_FIELDS,
  type LogEvent,
  type LogField,
  type LogRecord,
} from './log-fields.js';
export { logHandshake, type HandshakeRecord } from './log-handshake.js';
export { plainText } from './log-value.js';
export {
  createLogger,
  LOG_FORMATS,
  LOG_LEVELS,
  type LogFields,
  type LogFormat,
  type Logger,
  type LoggerOptions,
  type LogLevel,
} from './logger.js';
export {
  MeshMetrics,
  type HandshakeMeasure,
  type HopMeasure,
  type RequestMeasure,
} from './mesh-metrics.js';
export {
  currentAgent,
  currentContext,
  requireContext,
  runAsAgent,
  runInContext,
  type AgentIdentity,
} from './request-context.js';
export { TraceContext } from './trace-context.js';
