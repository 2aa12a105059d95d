import { describe, expect, it } from '@jest/globals';
import { withCode } from '../../test/domain.js';
import { parseCompactJws } from './compact-jws.js';

const part = (text: string | Uint8Array) => Buffer.from(text).toString('base64url');
const text = `${part('{"alg":"x"}')}.${part('{"a":1,"b":"ü"}')}.AAAA`;

describe('parseCompactJws', () => {
  it('reads what JSON.stringify writes', () => {
    const { header, payload, signature, signingInput } = parseCompactJws(text);
    expect(header).toEqual({ alg: 'x' });
    expect(payload).toEqual({ a: 1, b: 'ü' });
    expect(signature).toEqual(Buffer.alloc(3));
    expect(Buffer.from(signingInput).toString()).toBe(text.slice(0, -5));
  });

  it.each([
    ['nothing', ''],
    ['two parts', text.slice(0, -5)],
    ['four parts', `${text}.AAAA`],
    ['no signature', text.slice(0, -4)],
    ['padding', `${text.slice(0, -4)}AA==`],
    ['spare bits', `${text.slice(0, -4)}AB`],
    ['one character too many', `${text}A`],
    ['base64, not for URLs', `${text.slice(0, -4)}AA+/`],
    ['a space in front', ` ${text}`],
    ['a line break', `${text}\n`],
    ['white space in JSON', `${part('{"alg": "x"}')}.${part('{}')}.AAAA`],
    ['a member twice', `${part('{}')}.${part('{"a":1,"a":2}')}.AAAA`],
    ['a member twice, once escaped', `${part('{}')}.${part('{"a":1,"\\u0061":2}')}.AAAA`],
    ['a nested member twice', `${part('{}')}.${part('{"a":{"b":1,"b":1}}')}.AAAA`],
    ['an escape without need', `${part('{}')}.${part('{"a":"\\u0061"}')}.AAAA`],
    ['another way to write a number', `${part('{}')}.${part('{"a":1.0}')}.AAAA`],
    ['a mark in front', `${part('{}')}.${part('\ufeff{}')}.AAAA`],
    [
      'no UTF-8',
      `${part('{}')}.${part(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d))}.AAAA`,
    ],
    ['no JSON', `${part('{}')}.${part('{')}.AAAA`],
    ['an array', `${part('[]')}.${part('{}')}.AAAA`],
    ['null', `${part('null')}.${part('{}')}.AAAA`],
  ])('refuses %s', (_, malformed) => {
    expect(() => parseCompactJws(malformed)).toThrow(withCode('ERR_TOKEN_MALFORMED'));
  });
});
