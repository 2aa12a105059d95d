import { runAgent } from '@mesh/agent/nest';
import { agent } from './agent.js';

await runAgent(agent);
