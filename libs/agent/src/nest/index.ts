export { AgentContext, type OpenIdIssuer, type Progress } from './agent-context.js';
export { defineAgent, type AgentDefinition } from './agent-definition.js';
export { InjectPeer } from './inject-peer.js';
export { isLoopback, listenError, originOf, PortInUseError } from './listen.js';
export { RouteTable, type Route } from './route-table.js';
export { describe, runAgent } from './run-agent.js';
export { startAgent, type RunningAgent, type StartOptions } from './start-agent.js';
export { AGENT_CONTEXT } from './tokens.js';
