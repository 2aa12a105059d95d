/** `AgentContext` of the agent whose application this is. */
export const AGENT_CONTEXT = Symbol('AGENT_CONTEXT');
