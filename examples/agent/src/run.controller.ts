import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import type { Unsigned } from '@mesh/contracts';
import { Action } from '@mesh/identity/nest';
import { RunRequestDto, type RunDto } from './run.dto.js';

@Controller('v1/run')
export class RunController {
  @Post()
  @HttpCode(200)
  @Action('example:run') // who may call it, and for whom: agent.yaml
  run(@Body() { text }: RunRequestDto): Unsigned<RunDto> {
    return { text: text.toUpperCase() };
  }
}
