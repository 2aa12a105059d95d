import {
  Body,
  Controller,
  HttpCode,
  Inject,
  Injectable,
  Module,
  Post,
  UseInterceptors,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { IsInt, IsString, MaxLength } from 'class-validator';
import { defineAgent } from '@mesh/agent/nest';
import { SignedDto } from '@mesh/contracts';
import { DELEGATION_RULES, DelegationGuard, type DelegationRules } from '@mesh/delegation/nest';
import { Action } from '@mesh/identity/nest';
import type { Observable } from 'rxjs';
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
 * The real guard, on a route that answers unsigned: it runs within the agent's own guards and interceptors, so that none
 * of them takes the request for one whose answer is signed.
 */
@Injectable()
class UnsignedDelegation implements NestInterceptor {
  readonly #guard: DelegationGuard;

  constructor(@Inject(DELEGATION_RULES) rules: DelegationRules) {
    this.#guard = new DelegationGuard(rules);
  }

  intercept(execution: ExecutionContext, next: CallHandler): Observable<unknown> {
    const { delegated } = EchoController.prototype;
    // As on the delegated route.
    this.#guard.canActivate(
      Object.create(execution, { getHandler: { value: () => delegated } }) as ExecutionContext,
    );
    return next.handle();
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
  @UseInterceptors(UnsignedDelegation)
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
