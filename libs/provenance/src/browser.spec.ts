import { createContext, runInContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { build } from 'esbuild';
import { mintCa } from '@test/kit';
import type { SpiffeId } from '@mesh/spiffe';
import { answerOf, GATEWAY, NOW, RESEARCHER, signerOf, trustOf, WRITER } from '../test/answers.js';
import { serializeTrustDocument } from './index.js';

describe('@mesh/provenance in a browser', () => {
  it('needs nothing of Node: what a browser has is enough to verify an answer', async () => {
    const { outputFiles } = await build({
      stdin: { contents: "export * from './libs/provenance/src/index.ts';", resolveDir: '.' },
      bundle: true,
      format: 'iife',
      globalName: 'provenance',
      platform: 'browser',
      write: false,
    });
    const ca = await mintCa({ trustDomain: 'mesh.test' });
    const signer = async (id: SpiffeId) => signerOf(await ca.issue({ uri: id.toString() }));
    const body = await answerOf({
      gateway: await signer(GATEWAY),
      researcher: await signer(RESEARCHER),
      writer: await signer(WRITER),
    });
    const context = createContext({
      ...{ atob, btoa, crypto, TextDecoder, TextEncoder, Uint8Array, ArrayBuffer },
      ...{ answer: JSON.stringify(body), now: NOW.getTime() },
      trust: serializeTrustDocument(trustOf(ca.certificateDer)),
    });
    const verdict: unknown = await runInContext(
      `${outputFiles[0]?.text}
      provenance.verifyAnswer(answer, provenance.parseTrustDocument(trust), { now: new Date(now) })
        .then(({ verdict, nodes }) => verdict + ' ' + nodes.length)`,
      context,
    );
    expect(verdict).toBe('valid 3');
  });
});
