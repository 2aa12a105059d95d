import {
  Body,
  Controller,
  HttpCode,
  Injectable,
  Module,
  Post,
  UseGuards,
  type ExecutionContext,
} from '@nestjs/common';
import { IsInt, IsString, MaxLength } from 'class-validator';
import { defineAgent } from '@mesh/agent/nest';
import { SignedDto } from '@mesh/contracts';
import { DelegationGuard } from '@mesh/delegation/nest';
import { Action } from '@mesh/identity/nest';
import { answerTo } from '../way.js';

export class EchoRequestDto {
  @IsString()
  @MaxLength(2_000)
  q!: string;
}

export class EchoDto {
  @IsString()
  @MaxLength(2_000)
  answer!: string;

  @IsInt()
  n!: number;
}

export class SignedEchoDto extends SignedDto {
  @IsString()
  @MaxLength(2_000)
  answer!: string;

  @IsInt()
  n!: number;
}

/**
 * The real guard, on a route that answers unsigned. It stands behind the agent's own guards, so that none of them takes
 * the request for one whose answer is signed: no `Request-Nonce`, no statement.
 */
@Injectable()
class UnsignedDelegationGuard extends DelegationGuard {
  override canActivate(execution: ExecutionContext): boolean {
    const { delegated } = EchoController.prototype;
    return super.canActivate(
      Object.create(execution, { getHandler: { value: () => delegated } }) as ExecutionContext,
    );
  }
}

@Controller()
class EchoController {
  /** On the asker's own business: no token, unsigned. */
  @Post('v1/own')
  @HttpCode(200)
  @Action('bench:own', { delegated: false })
  own(@Body() { q }: EchoRequestDto): EchoDto {
    return answerTo(q);
  }

  @Post('v1/unsigned')
  @HttpCode(200)
  @Action('bench:unsigned', { delegated: false })
  @UseGuards(UnsignedDelegationGuard)
  unsigned(@Body() { q }: EchoRequestDto): EchoDto {
    return answerTo(q);
  }

  @Post('v1/delegated')
  @HttpCode(200)
  @Action('research:fast')
  delegated(@Body() { q }: EchoRequestDto): EchoDto {
    return answerTo(q);
  }
}

@Module({ controllers: [EchoController] })
class AnswererModule {}

export const answerer = defineAgent({
  name: 'answerer',
  listener: 'peers',
  module: () => AnswererModule,
});
