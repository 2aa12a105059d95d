import { Controller, Get, Header } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { AgentsDto } from '@mesh/contracts';
import { SignedIn } from '@mesh/identity/nest';
import { ApiJson } from '../openapi/api-json.decorator.js';
import { ApiSignedInRoute } from '../openapi/api-route.decorator.js';
import { agentsExample } from './example.js';
import { MeshView } from './mesh-view.js';

/** For those who run the mesh. */
@ApiTags('agents')
@Controller('v1/agents')
export class AgentsController {
  constructor(private readonly view: MeshView) {}

  @Get()
  @SignedIn({ role: 'admin' })
  @ApiOperation({
    summary: 'See the agents',
    description:
      'Every agent as it is now, by its own word over mTLS: SVID and its rotations, health with causes, breakers, the last ' +
      'refused calls; and who may call whom. One that does not answer is told by its code. For the role `admin`.',
  })
  @ApiJson(AgentsDto, agentsExample, 'The agents, and who may call whom.')
  @ApiSignedInRoute([])
  @Header('cache-control', 'no-store')
  agents(): Promise<AgentsDto> {
    return this.view.current();
  }
}
