import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { type IssueOptions, mintCa, type Minted } from '@test/kit';
import { type Act, type Attack, SUCCEEDED, variants } from '../attack.js';
import { type AttackedMesh, idOf } from '../mesh/attacked-mesh.js';
import {
  ask,
  callResearcher,
  callWriter,
  gatewayToken,
  newNonce,
  researcherToken,
} from '../tools/calls.js';
import { inTheNameOfTheCa, issuedByWorkload } from '../tools/forged-chains.js';
import { Impostor, passOn } from '../tools/impostor.js';
import { refusedHandshake, requestOutcome, unlessClosed } from '../tools/outcome.js';
import { open, talk } from '../tools/wire.js';

const HOUR = 3_600_000;

type MintedBy = (mesh: AttackedMesh) => Minted | Promise<Minted>;

/** The researcher's call to the writer, with a certificate of one's choice. */
const showToWriter: Act<MintedBy> = async (mesh, defect) => {
  const as = await (defect?.(mesh) ?? mesh.mint({ uri: idOf('researcher') }));
  const token = await researcherToken(mesh);
  return requestOutcome(mesh.log('writer'), as, () => callWriter(mesh, { as, token }));
};

/** The writer's address, taken by somebody with a certificate of one's choice who passes on to the real one. */
const poseAsWriter: Act<MintedBy> = async (mesh, defect) => {
  const shown = await (defect?.(mesh) ?? mesh.svidOf('writer'));
  const impostor = await Impostor.start(shown, (request) =>
    passOn(mesh.urls.writer, mesh.svidOf('researcher'), request),
  );
  try {
    return await mesh.network.writer.reroute(impostor.url, () =>
      refusedHandshake(mesh.log('researcher'), shown, async () => {
        const token = await gatewayToken(mesh);
        const answer = await callResearcher(mesh, { as: mesh.svidOf('gateway'), token });
        return answer.status === 200 ? SUCCEEDED : undefined;
      }),
    );
  } finally {
    await impostor.close();
  }
};

const minted =
  (options: IssueOptions): MintedBy =>
  (mesh) =>
    mesh.mint(options);
/** Of a CA as the web has them: another root, a DNS name and no SPIFFE ID. */
const ofTheWeb: MintedBy = async () => {
  const ca = await mintCa({ trustDomain: 'web.test', name: 'Web CA', uri: null });
  return ca.issue({
    uris: [],
    dnsNames: ['localhost', 'writer.mesh.test'],
    subject: 'CN=writer.mesh.test',
  });
};
const selfSigned: MintedBy = async () => {
  const ca = await mintCa({
    trustDomain: 'mesh.test',
    uri: idOf('writer'),
    isCa: false,
    keyUsage: ['digitalSignature'],
  });
  const { certificatePem: chainPem, keys, certificateDer } = ca;
  const leaf = await ca.issue({ keys });
  return { ...leaf, chainPem, certificateDer };
};

/** 2 and 3: servers that are not the writer. */
export const servers: readonly Attack[] = [
  ...variants<MintedBy>(2, poseAsWriter, [
    [
      'server with a certificate of another CA and a DNS name',
      'ERR_PEER_UNTRUSTED UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      ofTheWeb,
    ],
    [
      'server with a self-signed certificate and the writer’s ID',
      'ERR_PEER_UNTRUSTED DEPTH_ZERO_SELF_SIGNED_CERT',
      selfSigned,
    ],
    [
      'server with a DNS name alone, of the mesh’s own CA',
      'ERR_SVID_URI_MISSING',
      minted({ uris: [], dnsNames: ['writer.mesh.test'] }),
    ],
  ]),
  ...variants<MintedBy>(2, poseAsWriter, [
    [
      'server with an expired SVID of the writer',
      'ERR_PEER_UNTRUSTED CERT_HAS_EXPIRED',
      minted({
        uri: idOf('writer'),
        notBefore: new Date(Date.now() - HOUR / 2),
        notAfter: new Date(Date.now() - 1000),
      }),
    ],
    [
      "server with two URI SANs, one of them the writer's",
      'ERR_SVID_URI_SEVERAL',
      minted({ uris: [idOf('writer'), idOf('archivist')] }),
    ],
    [
      'server with a CA certificate that has the writer’s ID',
      'ERR_SVID_IS_CA',
      minted({ uri: idOf('writer'), isCa: true }),
    ],
  ]),
  ...variants<MintedBy>(3, poseAsWriter, [
    [
      'the researcher poses as writer',
      'ERR_PEER_NOT_AUTHORIZED',
      (mesh) => mesh.svidOf('researcher'),
    ],
    [
      'another workload of the domain poses as writer',
      'ERR_PEER_NOT_AUTHORIZED',
      (mesh) => mesh.svidOf('archivist'),
    ],
    [
      'a workload of a federated domain with the writer’s path poses as writer',
      'ERR_PEER_NOT_AUTHORIZED',
      (mesh) => mesh.authority.federated.mint({ uri: 'spiffe://partner.test/ns/agents/sa/writer' }),
    ],
  ]),
];

/** 14: the CA of a federated trust domain signs an ID of ours. */
export const federatedCa: readonly Attack[] = [
  ...variants<MintedBy>(14, showToWriter, [
    [
      "client with our researcher's ID, signed by a federated domain's CA",
      'ERR_CHAIN_UNTRUSTED',
      (mesh) => mesh.authority.federated.mint({ uri: idOf('researcher') }),
    ],
    [
      "workload of a federated domain with our researcher's path",
      'ERR_CALLER_DENIED',
      (mesh) =>
        mesh.authority.federated.mint({ uri: 'spiffe://partner.test/ns/agents/sa/researcher' }),
    ],
  ]),
  ...variants<MintedBy>(14, poseAsWriter, [
    [
      "server with our writer's ID, signed by a federated domain's CA",
      'ERR_CHAIN_UNTRUSTED',
      (mesh) => mesh.authority.federated.mint({ uri: idOf('writer') }),
    ],
  ]),
];

const researcher = idOf('researcher');

/** 15: names of other forms than an SVID's. */
export const names: readonly Attack[] = variants<MintedBy>(15, showToWriter, [
  ['two URI SANs', 'ERR_SVID_URI_SEVERAL', minted({ uris: [researcher, idOf('archivist')] })],
  ['the same URI SAN twice', 'ERR_SVID_URI_SEVERAL', minted({ uris: [researcher, researcher] })],
  [
    'URI SAN of another scheme',
    'ERR_SVID_ID_INVALID',
    minted({ uri: 'https://mesh.test/ns/agents/sa/researcher' }),
  ],
  [
    'URI SAN that has spiffe in its path',
    'ERR_SVID_ID_INVALID',
    minted({ uri: `https://mesh.test/${researcher}` }),
  ],
  [
    'URI SAN of the trust domain alone',
    'ERR_SVID_PATH_MISSING',
    minted({ uri: 'spiffe://mesh.test' }),
  ],
  [
    'path with ..',
    'ERR_SVID_ID_INVALID',
    minted({ uri: 'spiffe://mesh.test/ns/agents/sa/x/../researcher' }),
  ],
  [
    'path with .',
    'ERR_SVID_ID_INVALID',
    minted({ uri: 'spiffe://mesh.test/ns/agents/./sa/researcher' }),
  ],
  [
    'path with %2e%2e',
    'ERR_SVID_ID_INVALID',
    minted({ uri: 'spiffe://mesh.test/ns/agents/sa/x/%2e%2e/researcher' }),
  ],
  [
    'path with %2f',
    'ERR_SVID_ID_INVALID',
    minted({ uri: 'spiffe://mesh.test/ns%2fagents/sa/researcher' }),
  ],
  [
    'path with an empty segment',
    'ERR_SVID_ID_INVALID',
    minted({ uri: 'spiffe://mesh.test/ns/agents//sa/researcher' }),
  ],
  ['path that ends with a slash', 'ERR_SVID_ID_INVALID', minted({ uri: `${researcher}/` })],
  ['ID with a query', 'ERR_SVID_ID_INVALID', minted({ uri: `${researcher}?x=1` })],
  [
    'ID with a line of the log in it',
    'ERR_SVID_ID_INVALID',
    minted({ uri: `${researcher}\n{"level":"info"}` }),
  ],
  ['ID with NUL', 'ERR_SVID_ID_INVALID', minted({ uri: `${researcher}\0.attacker.example` })],
  [
    'ID with a port',
    'ERR_SVID_ID_INVALID',
    minted({ uri: 'spiffe://mesh.test:443/ns/agents/sa/researcher' }),
  ],
  [
    'ID with a user',
    'ERR_SVID_ID_INVALID',
    minted({ uri: 'spiffe://x@mesh.test/ns/agents/sa/researcher' }),
  ],
  [
    'trust domain in upper case',
    'ERR_SVID_ID_INVALID',
    minted({ uri: 'spiffe://MESH.TEST/ns/agents/sa/researcher' }),
  ],
  [
    'path in upper case',
    'ERR_CALLER_DENIED',
    minted({ uri: 'spiffe://mesh.test/ns/agents/sa/Researcher' }),
  ],
  ['path below the caller’s', 'ERR_CALLER_DENIED', minted({ uri: `${researcher}/child` })],
]);

/** 16: client certificates that are no SVIDs, or not now. */
export const clientCertificates: readonly Attack[] = [
  ...variants<MintedBy>(16, showToWriter, [
    [
      'client certificate without URI SAN',
      'ERR_SVID_URI_MISSING',
      minted({ uris: [], dnsNames: ['researcher.mesh.test'] }),
    ],
    ['client certificate without SAN', 'ERR_SVID_URI_MISSING', minted({ uris: [] })],
    ['CA certificate as leaf', 'ERR_SVID_IS_CA', minted({ uri: researcher, isCa: true })],
    [
      'CA certificate as leaf, with keyCertSign',
      'ERR_SVID_IS_CA',
      minted({ uri: researcher, isCa: true, keyUsage: ['digitalSignature', 'keyCertSign'] }),
    ],
    [
      'leaf with keyCertSign',
      'ERR_SVID_KEY_CERT_SIGN',
      minted({ uri: researcher, keyUsage: ['digitalSignature', 'keyCertSign'] }),
    ],
    [
      'leaf issued by another workload’s SVID',
      'ERR_PEER_UNTRUSTED UNSPECIFIED',
      (mesh) => issuedByWorkload(mesh.authority, idOf('archivist'), researcher),
    ],
    [
      'expired',
      'ERR_PEER_UNTRUSTED CERT_HAS_EXPIRED',
      minted({
        uri: researcher,
        notBefore: new Date(Date.now() - HOUR / 2),
        notAfter: new Date(Date.now() - 1000),
      }),
    ],
    [
      'not yet valid',
      'ERR_PEER_UNTRUSTED CERT_NOT_YET_VALID',
      minted({
        uri: researcher,
        notBefore: new Date(Date.now() + HOUR),
        notAfter: new Date(Date.now() + 2 * HOUR),
      }),
    ],
    [
      "signed in the CA's name by another key",
      'ERR_PEER_UNTRUSTED CERT_SIGNATURE_FAILURE',
      (mesh) => inTheNameOfTheCa(mesh.authority, researcher),
    ],
    [
      'signed by a CA of the same name',
      'ERR_PEER_UNTRUSTED UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      async () =>
        (await mintCa({ trustDomain: 'mesh.test', name: 'attacked' })).issue({ uri: researcher }),
    ],
    [
      'for servers alone',
      'ERR_PEER_UNTRUSTED INVALID_PURPOSE',
      minted({ uri: researcher, extendedKeyUsage: ['1.3.6.1.5.5.7.3.1'] }),
    ],
  ]),
  ...variants<true>(
    16,
    async (mesh, defect) => {
      const as = defect ? undefined : mesh.svidOf('researcher');
      const token = await researcherToken(mesh);
      return requestOutcome(mesh.log('writer'), as, () => callWriter(mesh, { as, token }));
    },
    [['no client certificate', 'ERR_PEER_CERTIFICATE_MISSING', true]],
  ),
  ...variants<'TLSv1.2'>(
    16,
    (mesh, version = 'TLSv1.3' as 'TLSv1.2') => {
      const versions = { minVersion: version, maxVersion: version };
      return refusedHandshake(mesh.log('writer'), undefined, () =>
        unlessClosed(async () => {
          (await open(mesh.urls.writer, mesh.svidOf('researcher'), versions)).destroy();
          return SUCCEEDED;
        }),
      );
    },
    [['TLS 1.2', 'ERR_PEER_HANDSHAKE_FAILED', 'TLSv1.2']],
  ),
];

/** How long a connection may live once its CA is gone, in milliseconds: two seconds, and some for this machine. */
const CUT_MS = 4_000;
const DRAFT = JSON.stringify({ question: 'What is an SVID?', notes: [], sources: [] });

/** A request as it stands on the wire. */
function draftRequest(token: string): string {
  return (
    'POST /v1/drafts HTTP/1.1\r\nHost: writer\r\nContent-Type: application/json\r\nConnection: close\r\n' +
    `Txn-Token: ${token}\r\nRequest-Nonce: ${newNonce()}\r\nContent-Length: ${DRAFT.length}\r\n\r\n${DRAFT}`
  );
}

/** 17: the CA that vouched for a live connection leaves the bundle. */
export const removedCa: readonly Attack[] = variants<true>(
  17,
  async (mesh, defect) => {
    const ca = await mesh.authority.addCa();
    try {
      const as = await ca.mint({ uri: idOf('researcher') });
      const token = await researcherToken(mesh);
      // Until the bundle with the new CA has reached the writer.
      while (!(await isLetIn(mesh, as, token))) await delay(50);
      const socket = await open(mesh.urls.writer, as);
      if (defect) {
        const closed = once(socket, 'close').then(() => 'closed' as const);
        ca.remove();
        if ((await Promise.race([closed, delay(CUT_MS)])) !== 'closed') return SUCCEEDED;
        return await requestOutcome(mesh.log('writer'), as, () => callWriter(mesh, { as, token }));
      }
      const answer = await talk(socket, draftRequest(token));
      return answer.startsWith('HTTP/1.1 200 ') ? SUCCEEDED : answer.slice(0, 100);
    } finally {
      ca.remove();
    }
  },
  [
    [
      'SVID of a removed CA on a live connection, and again',
      'ERR_PEER_UNTRUSTED UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      true,
    ],
  ],
);

async function isLetIn(mesh: AttackedMesh, as: Minted, token: string): Promise<boolean> {
  const answer = await unlessClosed(() => callWriter(mesh, { as, token }));
  return answer?.status === 200;
}

/** Life of an SVID whose end a row waits for, in milliseconds. */
const LIFE_MS = 4_000;

/** 23: a session from before the SVID's expiry, resumed after it. */
export const resumedSessions: readonly Attack[] = [
  ...variants<true>(
    23,
    async (mesh, defect) => {
      const life = defect ? LIFE_MS : HOUR;
      const as = await mesh.mint({
        uri: idOf('researcher'),
        notAfter: new Date(Date.now() + life),
      });
      const sessions: Buffer[] = [];
      const first = await open(mesh.urls.writer, as, {}, (session) => sessions.push(session));
      const closed = once(first, 'close');
      // Without tickets it is all there is.
      sessions.push(first.getSession() ?? Buffer.alloc(0));
      // The server ends it by the SVID's expiry; whoever has a good one ends it himself.
      if (!defect) first.end();
      await closed;
      while (defect && Date.now() < notAfterOf(as)) await delay(50);
      const token = await researcherToken(mesh);
      const outcomes = new Set<string>();
      for (const session of sessions.filter(({ length }) => length > 0)) {
        outcomes.add(await resumed(mesh, as, session, token));
      }
      return [...outcomes].join(', ');
    },
    [["TLS session resumed after the SVID's expiry", 'ERR_PEER_UNTRUSTED CERT_HAS_EXPIRED', true]],
  ),
  ...variants<true>(
    23,
    async (mesh, defect) => {
      const notAfter = new Date(Date.now() + LIFE_MS);
      const as = await mesh.mint({ uri: idOf('researcher'), ...(defect ? { notAfter } : {}) });
      const token = await researcherToken(mesh);
      const socket = await open(mesh.urls.writer, as);
      const closed = once(socket, 'close');
      if (!defect) {
        const answer = await talk(socket, draftRequest(token));
        return answer.startsWith('HTTP/1.1 200 ') ? SUCCEEDED : answer.slice(0, 100);
      }
      const end = await Promise.race([closed.then(() => 'closed'), delay(CUT_MS + LIFE_MS)]);
      return end === 'closed' && Date.now() <= notAfterOf(as) + CUT_MS ? 'closed' : SUCCEEDED;
    },
    [["connection kept open beyond the SVID's expiry", 'closed', true]],
  ),
];

function resumed(mesh: AttackedMesh, as: Minted, session: Buffer, token: string): Promise<string> {
  return refusedHandshake(mesh.log('writer'), as, () =>
    unlessClosed(async () => {
      const socket = await open(mesh.urls.writer, as, { session });
      const reused = socket.isSessionReused();
      const answer = await talk(socket, draftRequest(token));
      if (answer.startsWith('HTTP/1.1 200 ')) return reused ? 'the session was resumed' : SUCCEEDED;
      return answer === '' ? undefined : answer.slice(0, 100);
    }),
  );
}

function notAfterOf({ certificateDer }: Minted): number {
  return new X509Certificate(certificateDer).validToDate.getTime();
}

/** 4, of services: a token service and an issuer that are none. */
export const fakeServices: readonly Attack[] = variants<MintedBy>(
  4,
  async (mesh, defect) => {
    const shown = await (defect?.(mesh) ?? mesh.svidOf('tts'));
    const impostor = await Impostor.start(shown, (request) =>
      passOn(mesh.urls.tts, mesh.svidOf(request.peer), request),
    );
    try {
      return await mesh.network.tts.reroute(impostor.url, () =>
        refusedHandshake(mesh.log('gateway'), shown, async () => {
          const answer = await ask(mesh);
          return answer.status === 200 ? SUCCEEDED : undefined;
        }),
      );
    } finally {
      await impostor.close();
    }
  },
  [
    [
      'fake token service with the SVID of another workload',
      'ERR_PEER_NOT_AUTHORIZED',
      (mesh) => mesh.svidOf('researcher'),
    ],
    [
      'fake token service with a certificate of another CA',
      'ERR_PEER_UNTRUSTED UNABLE_TO_VERIFY_LEAF_SIGNATURE',
      async () =>
        (await mintCa({ trustDomain: 'mesh.test', name: 'other' })).issue({ uri: idOf('tts') }),
    ],
  ],
);
