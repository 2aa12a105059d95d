import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Body, Controller, Delete, Get, Post, type Type } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import { IsString } from 'class-validator';
import { Action, Public } from '@mesh/identity/nest';
import { contractOf, RouteTable } from './route-table.js';

class NoteDto {
  @IsString()
  text!: string;
}
class WithoutRules {
  text!: string;
}
interface Shape {
  text: string;
}

@Controller('v1/notes')
class NotesController {
  @Post()
  @Action('note:write')
  write(@Body() note: NoteDto): string {
    return note.text;
  }

  @Get('/list/')
  @Public()
  list(): string[] {
    return [];
  }

  @Delete(':id')
  remove(): void {
    this.notARoute();
  }

  notARoute(): void {}
}

@Controller()
class InterfaceController {
  @Post()
  write(@Body() note: Shape): string {
    return note.text;
  }
}
@Controller()
class UnionController {
  @Post()
  write(@Body() note: NoteDto | WithoutRules): string {
    return note.text;
  }
}
@Controller()
class WithoutRulesController {
  @Post()
  write(@Body() note: WithoutRules): string {
    return note.text;
  }
}
@Controller()
class MemberController {
  @Post()
  write(@Body('text') text: string): string {
    return text;
  }
}

function tableOf(...controllers: Type[]): RouteTable {
  const getControllers = () => controllers.map((metatype) => ({ metatype }));
  return new RouteTable({ getControllers } as unknown as DiscoveryService);
}

describe('RouteTable', () => {
  it('has each route with its path, declaration and contract', () => {
    expect(tableOf(NotesController).all()).toEqual([
      {
        method: 'POST',
        path: '/v1/notes',
        declaration: expect.objectContaining({ kind: 'action', names: ['note:write'] }),
        contract: NoteDto,
      },
      {
        method: 'GET',
        path: '/v1/notes/list',
        declaration: { kind: 'public' },
        contract: undefined,
      },
      { method: 'DELETE', path: '/v1/notes/:id', declaration: undefined, contract: undefined },
    ]);
  });

  it('finds a route by method and template, HEAD as GET', () => {
    const table = tableOf(NotesController);
    expect(table.find('POST', '/v1/notes')?.contract).toBe(NoteDto);
    expect(table.find('HEAD', '/v1/notes/list')?.method).toBe('GET');
    expect(table.find('PUT', '/v1/notes')).toBeUndefined();
    expect(table.find('POST', undefined)).toBeUndefined();
  });

  it.each<[string, Type]>([
    ['an interface', InterfaceController],
    ['a union', UnionController],
    ['a class without rules', WithoutRulesController],
    ['a member of the body', MemberController],
  ])('does not let an agent start whose body is %s', (_what, controller) => {
    expect(() => tableOf(controller)).toThrow(TypeError);
    expect(() => contractOf(controller, 'write')).toThrow(/must be a class with class-validator/);
  });
});
