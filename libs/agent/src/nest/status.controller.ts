import { Controller, Get, Header } from '@nestjs/common';
import type { StatusDto } from '@mesh/contracts';
import { Action } from '@mesh/identity/nest';
import { AgentStatus } from './agent-status.js';

/** The action that an agent serves without code of its own where its agent.yaml declares it, and where. */
export const STATUS = { action: 'agent:status', path: '/v1/status' } as const;

/** Tells the peers that agent.yaml names how this agent is. */
@Controller(STATUS.path)
export class StatusController {
  constructor(private readonly status: AgentStatus) {}

  @Get()
  @Action(STATUS.action, { delegated: false })
  @Header('cache-control', 'no-store')
  read(): Promise<StatusDto> {
    return this.status.read();
  }
}
