import { Controller, Get, Redirect } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Public } from '@mesh/identity/nest';

/** Who opens the address that `up` prints comes to where a question can be asked. */
@ApiExcludeController()
@Controller()
export class StartController {
  @Get()
  @Public()
  @Redirect('/docs/')
  start(): void {}
}
