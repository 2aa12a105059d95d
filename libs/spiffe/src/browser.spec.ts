import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { mintCa } from '@test/kit';

describe('@mesh/spiffe in a browser', () => {
  it('needs nothing of Node: what a browser has is enough to verify a chain', async () => {
    const { outputFiles } = await build({
      stdin: { contents: "export * from './libs/spiffe/src/index.ts';", resolveDir: '.' },
      bundle: true,
      format: 'iife',
      globalName: 'spiffe',
      platform: 'browser',
      write: false,
    });
    const authority = await mintCa({ trustDomain: 'mesh.test' });
    const { chainPem } = await (await authority.intermediate()).issue();
    const context = createContext({
      ...{ atob, btoa, crypto, TextDecoder, TextEncoder, Uint8Array, ArrayBuffer },
      ...{ chainPem, authorityPem: authority.certificatePem },
    });
    const id: unknown = await runInContext(
      `${outputFiles[0]?.text}
      (async () => {
        const { Certificate } = spiffe;
        const authorities = Certificate.parsePem(authorityPem);
        const steps = spiffe.verifyChain(Certificate.parsePem(chainPem), authorities, new Date());
        let step = steps.next();
        while (!step.done) step = steps.next(await spiffe.webCryptoCheck(step.value));
        return step.value.id.toString();
      })()`,
      context,
    );
    expect(id).toBe('spiffe://mesh.test/workload');
  });
});
