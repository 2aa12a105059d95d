import { format, inspect } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from '@jest/globals';
import { Secret } from './secret.js';

const MARKER = 'planted-secret-7f3a';
const secret = new Secret(MARKER);

describe('Secret', () => {
  it('gives its text to reveal() alone', () => {
    expect(secret.reveal()).toBe(MARKER);
  });

  it.each<[string, () => string]>([
    ['a template string', () => `${secret as unknown as string}`],
    ['concatenation', () => 'key=' + (secret as unknown as string)],
    ['String()', () => String(secret)],
    ['toString()', () => secret.toString()],
    ['JSON', () => JSON.stringify({ secret, list: [secret] })],
    ['util.inspect', () => inspect(secret)],
    ['util.inspect, nested and hidden', () => inspect({ a: [secret] }, { showHidden: true })],
    ['console formats', () => format('%s %o %O %j', secret, secret, secret, secret)],
    ['an error that has it as its cause', () => inspect(new Error('failed', { cause: secret }))],
  ])('prints as [redacted] in %s', (_, print) => {
    expect(print()).toContain('[redacted]');
    expect(print()).not.toContain(MARKER);
  });

  it('prints nothing even where inspect ignores custom printers', () => {
    expect(inspect(secret, { customInspect: false, showHidden: true })).not.toContain(MARKER);
  });

  it('yields nothing when it is spread, enumerated, cloned or serialized', () => {
    expect({ ...secret }).toEqual({});
    expect(Reflect.ownKeys(secret)).toEqual([]);
    expect(inspect(structuredClone(secret))).not.toContain(MARKER);
    expect(inspect(deserialize(serialize(secret)))).not.toContain(MARKER);
  });

  it('cannot be given members', () => {
    expect(() => Object.assign(secret, { copy: 1 })).toThrow(TypeError);
  });

  it('is no number', () => {
    expect(Number(secret)).toBeNaN();
  });
});
