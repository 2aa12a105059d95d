import { describe, expect, it } from '@jest/globals';
import { StateFolder } from '../../state/state-folder.js';
import { signIn } from './sign-in.js';

describe('signIn at an issuer of its own', () => {
  const issuer = {
    // Nobody listens there.
    issuerUrl: 'http://127.0.0.1:1',
    embeddedIssuer: false,
    apiAudience: 'https://mesh.test/api',
    apiScopes: ['research:fast'],
    state: new StateFolder('/nowhere'),
  };
  const options = {
    clientId: 'mesh-cli',
    scope: 'research:fast',
    signal: new AbortController().signal,
    say: () => undefined,
  };

  it('knows no sample account', async () => {
    await expect(signIn(issuer, { ...options, as: 'analyst' })).rejects.toMatchObject({
      code: 'ERR_ACCOUNT_ELSEWHERE',
    });
  });

  it('goes to that issuer without one', async () => {
    await expect(signIn(issuer, { ...options, as: undefined })).rejects.not.toMatchObject({
      code: 'ERR_ACCOUNT_ELSEWHERE',
    });
  });
});
