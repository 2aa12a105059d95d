import { expect, it } from '@jest/globals';
import { CLI_CLIENT_ID, mayRedeemInBrowser, SWAGGER_CLIENT_ID } from './clients.js';

it.each(['http://127.0.0.1:4000', 'https://localhost', 'http://mesh.localhost:4000'])(
  'the API page at %s redeems its code, and no other client does from there',
  (origin) => {
    expect(mayRedeemInBrowser(origin, SWAGGER_CLIENT_ID)).toBe(true);
    expect(mayRedeemInBrowser(origin, CLI_CLIENT_ID)).toBe(false);
  },
);

it.each([
  'https://evil.test',
  'http://localhost.evil.test',
  'http://localhost:1@evil.test',
  'null',
])('no page at %s redeems a code', (origin) => {
  expect(mayRedeemInBrowser(origin, SWAGGER_CLIENT_ID)).toBe(false);
});
