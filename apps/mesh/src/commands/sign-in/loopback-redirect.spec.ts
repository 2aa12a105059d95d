import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LoopbackRedirect } from './loopback-redirect.js';

const STATE = 'the-state';
let redirect: LoopbackRedirect;

beforeEach(async () => {
  redirect = await LoopbackRedirect.open(STATE);
});
afterEach(() => redirect.close());

const lead = (code: string) => fetch(`${redirect.url}?code=${code}&state=${STATE}`);

describe('LoopbackRedirect', () => {
  it('takes one answer: another with the same state is refused', async () => {
    const first = lead('first');
    const { url, answer } = await redirect.redirected;
    expect((await lead('second')).status).toBe(400);
    expect(url.searchParams.get('code')).toBe('first');
    const [shown] = await Promise.all([first, answer('Signed in', 'Go back.')]);
    expect(shown.status).toBe(200);
    expect((await lead('third')).status).toBe(400);
  });

  it('listens on loopback alone, and shows pages that run, keep and pass on nothing', async () => {
    expect(new URL(redirect.url).hostname).toBe('127.0.0.1');
    const { headers } = await fetch(`${redirect.url}?state=other`);
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none';/);
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
  });
});
