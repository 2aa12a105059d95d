import 'reflect-metadata';
import { describe, expect, it } from '@jest/globals';
import { Type } from 'class-transformer';
import { IsArray, IsOptional, IsString, Length, ValidateNested } from 'class-validator';
import { isContract, parseContract } from './contract.js';
import { BodyInvalidError } from './pipeline.error.js';

class Inner {
  @IsString()
  @Length(1, 3)
  name!: string;
}

class Outer {
  @IsString()
  @Length(1, 10)
  text!: string;

  @IsOptional()
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => Inner)
  inners?: Inner[];

  @IsOptional()
  @IsString()
  depth?: string = 'fast';
}

class WithoutRules {
  text!: string;
}

function faultsOf(value: unknown): BodyInvalidError {
  try {
    parseContract(Outer, value);
  } catch (error) {
    expect(error).toBeInstanceOf(BodyInvalidError);
    return error as BodyInvalidError;
  }
  throw new Error('it was accepted');
}

function nested(open: string, close: string, levels: number): unknown {
  return JSON.parse(`{"text":${open.repeat(levels)}1${close.repeat(levels)}}`);
}

describe('parseContract', () => {
  it('makes an instance of the contract, nested ones too, with defaults filled in', () => {
    const outer = parseContract(Outer, { text: 'a', inners: [{ name: 'b' }] });
    expect(outer).toBeInstanceOf(Outer);
    expect(outer.inners?.[0]).toBeInstanceOf(Inner);
    expect(outer.depth).toBe('fast');
  });

  it.each([[null], [undefined], ['text'], [7], [[]], [[{ text: 'a' }]]])(
    'refuses %j, which is no object',
    (value) => {
      expect(faultsOf(value)).toMatchObject({
        code: 'ERR_BODY_INVALID',
        message: 'the body must be a JSON object',
      });
    },
  );

  it('names a nested member by its dotted path, and no value', () => {
    const { members, message } = faultsOf({ text: 'a', inners: [{ name: 'marker-4711' }] });
    expect(members).toEqual([{ path: 'inners.0.name', message: expect.any(String) }]);
    expect(JSON.stringify({ members, message })).not.toContain('marker');
  });

  it.each(['more', 'toString', 'hasOwnProperty', 'valueOf', '__defineGetter__', 'constructor'])(
    'refuses the unknown member %s, in nested objects too',
    (name) => {
      expect(faultsOf({ text: 'a', [name]: 1 }).members[0]).toMatchObject({ path: name });
      expect(
        faultsOf({ text: 'a', inners: [{ name: 'b', [name]: { prototype: 1 } }] }).members[0],
      ).toMatchObject({ path: `inners.0.${name}` });
    },
  );

  it.each([
    [{ text: 'a\ud83d' }, 'text'],
    [{ text: 'a', inners: [{ name: '\ude00' }] }, 'inners.0.name'],
  ])('refuses half a surrogate pair and takes a whole one (%j)', (value, path) => {
    expect(faultsOf(value).members).toEqual([{ path, message: 'holds half a surrogate pair' }]);
    expect(parseContract(Outer, { text: '\ud83d\ude00' }).text).toBe('😀');
  });

  it('refuses a __proto__ of its own, and pollutes nothing', () => {
    const body = JSON.parse('{"text":"a","__proto__":{"polluted":true}}') as unknown;
    expect(faultsOf(body).members[0]).toMatchObject({ path: '__proto__' });
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it.each([
    ['lists', nested('[', ']', 50_000)],
    ['objects', nested('{"a":', '}', 50_000)],
  ])('refuses %s nested 50,000 deep as any other fault, not as a crash', (_what, body) => {
    expect(faultsOf(body).members[0]?.message).toBe('nests deeper than 16 levels');
  });

  it.each([
    ['members', (count: number) => Object.fromEntries([...Array(count).keys()].map((n) => [n, 1]))],
    ['items', (count: number) => ({ text: Array(count - 1).fill(1) })],
    ['nested members', (count: number) => ({ text: Array((count - 1) / 3).fill({ a: 1, b: 2 }) })],
  ])('refuses more than 1000 %s without looking at them', (_what, bodyOf) => {
    const tooMany = 'the body holds more than 1000 values';
    expect(faultsOf(bodyOf(1_000)).message).not.toContain(tooMany);
    expect(faultsOf(bodyOf(1_003)).members).toEqual([{ path: '', message: tooMany }]);
  });

  it('names at most 20 of many faults, each capped', () => {
    const body: Record<string, unknown> = { text: 'a' };
    for (let index = 0; index < 500; index++) body[`${'k'.repeat(400)}${index}`] = 1;
    const { members, message } = faultsOf(body);
    expect(members).toHaveLength(20);
    expect(members.every(({ path, message }) => path.length <= 200 && message.length <= 300)).toBe(
      true,
    );
    expect(message.length).toBeLessThan(2_000);
  });
});

describe('isContract', () => {
  it('knows a class with rules from one without, and from what an interface becomes', () => {
    expect(isContract(Outer)).toBe(true);
    expect(isContract(WithoutRules)).toBe(false);
    expect(isContract(Object)).toBe(false);
    expect(isContract(undefined)).toBe(false);
  });
});
