import { describe, expect, it } from '@jest/globals';
import { chainDefects } from '@test/kit';
import { Certificate, verifyChain, webCryptoCheck } from './index.js';

describe('verifyChain, driven with WebCrypto, refuses', () => {
  it.each(Object.entries(chainDefects))('%s', async (_, { code, mint }) => {
    const { authority, minted } = await mint('mesh.test');
    const authorities = [Certificate.parse(authority.certificateDer)];
    const verified = (async () => {
      const steps = verifyChain(Certificate.parseMany(minted.chainDer), authorities, new Date());
      let step = steps.next();
      while (!step.done) step = steps.next(await webCryptoCheck(step.value));
    })();
    await expect(verified).rejects.toMatchObject({ name: 'CertificateError', code });
  });
});
