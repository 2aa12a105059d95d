import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Body, Controller, Post, type ExecutionContext, type Type } from '@nestjs/common';
import { IsIn, IsOptional, IsString } from 'class-validator';
import { ContractGuard } from './contract.guard.js';

class NoteDto {
  @IsString()
  text!: string;

  @IsOptional()
  @IsIn(['short', 'long'])
  length = 'short';
}

@Controller('notes')
class NotesController {
  @Post()
  write(@Body() note: NoteDto): string {
    return note.text;
  }
}
@Controller('inherited')
class InheritedController extends NotesController {}

const write = Object.getOwnPropertyDescriptor(NotesController.prototype, 'write')!.value as object;
/** The request as it is after the guard. */
function guarded(controller: Type, handler: object, body: unknown) {
  const request: { body: unknown; meshBody?: unknown } = { body };
  const execution = {
    getClass: () => controller,
    getHandler: () => handler,
    switchToHttp: () => ({ getRequest: () => request }),
  };
  expect(new ContractGuard().canActivate(execution as unknown as ExecutionContext)).toBe(true);
  return request;
}

describe('ContractGuard', () => {
  it('parses the body into its contract, and keeps it as it was received', () => {
    const { body, meshBody } = guarded(NotesController, write, { text: 'hello' });
    expect(body).toEqual({ text: 'hello', length: 'short' });
    expect(body).toBeInstanceOf(NoteDto);
    expect(meshBody).toEqual({ text: 'hello' });
  });

  it('refuses one outside of it', () => {
    expect(() => guarded(NotesController, write, { text: 1 })).toThrow(
      expect.objectContaining({ code: 'ERR_BODY_INVALID' }),
    );
  });

  it('lets no body on whose contract it cannot find', () => {
    expect(() => guarded(InheritedController, write, { text: 1 })).toThrow(
      new TypeError('InheritedController does not hold the handler that is called.'),
    );
  });
});
