import { createHash, randomBytes } from 'node:crypto';
import type { Minted } from '@test/kit';
import { type Act, type Attack, SUCCEEDED, variants } from '../attack.js';
import { type AttackedMesh, SESSION_CLIENT } from '../mesh/attacked-mesh.js';
import { newBrowser, PersonsBrowser } from '../tools/browsing.js';
import { outcomeOf, requestOutcome } from '../tools/outcome.js';
import { send } from '../tools/wire.js';

/** A code of the session's client that the suite may redeem: it holds the verifier. */
async function newCode(mesh: AttackedMesh): Promise<Readonly<Record<string, string>>> {
  const verifier = randomBytes(32).toString('base64url');
  const redirect = `${mesh.origin}/sign-in/callback`;
  const asked = new URLSearchParams({
    client_id: SESSION_CLIENT,
    response_type: 'code',
    scope: 'openid research:fast draft:write',
    state: randomBytes(32).toString('base64url'),
    nonce: randomBytes(32).toString('base64url'),
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    resource: mesh.issuer.resource,
    redirect_uri: redirect,
  }).toString();
  const callback = await newBrowser(mesh).throughIssuer(
    `${mesh.issuer.url}/auth?${asked}`,
    'analyst',
  );
  return {
    grant_type: 'authorization_code',
    client_id: SESSION_CLIENT,
    code: new URL(callback).searchParams.get('code')!,
    code_verifier: verifier,
    redirect_uri: redirect,
  };
}

/** How a code, or what came of one, is redeemed. */
interface Redeeming {
  /** null: without a certificate. */
  readonly as?: (mesh: AttackedMesh) => Minted | null;
  /** At the listener for browsers, which has no TLS. */
  readonly atBrowsers?: boolean;
  readonly headers?: (mesh: AttackedMesh) => Readonly<Record<string, string>>;
  readonly form?: Readonly<Record<string, string>>;
}

async function redeem(
  mesh: AttackedMesh,
  { as = gateway, atBrowsers = false, headers, form }: Redeeming,
  right: Readonly<Record<string, string>>,
) {
  const svid = atBrowsers ? null : as(mesh);
  const url = atBrowsers ? `http://127.0.0.1:${mesh.issuer.port}` : mesh.issuer.agentsUrl!;
  const body = new URLSearchParams({ ...right, ...form }).toString();
  return send(`${url}/token`, {
    ...(svid ? { svid } : {}),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'content-length': String(body.length),
      ...(atBrowsers ? { host: new URL(mesh.issuer.url).host } : {}),
      ...headers?.(mesh),
    },
    body,
  });
}

const gateway = (mesh: AttackedMesh) => mesh.svidOf('gateway');
const pem = (mesh: AttackedMesh) => encodeURIComponent(mesh.svidOf('gateway').chainPem);

const redeemed: Act<Redeeming> = async (mesh, how = {}) => {
  const right = await newCode(mesh);
  const shown = how.as?.(mesh) ?? undefined;
  return requestOutcome(mesh.issuerLog, shown, () => redeem(mesh, how, right));
};

/** The same of a refresh token. */
const refreshed: Act<Redeeming & { readonly again?: boolean }> = async (mesh, how = {}) => {
  const first = await redeem(mesh, {}, await newCode(mesh));
  const { refresh_token } = JSON.parse(first.body) as { refresh_token?: string };
  if (refresh_token === undefined) return `no refresh token: ${first.body}`;
  const form = { grant_type: 'refresh_token', client_id: SESSION_CLIENT, refresh_token };
  if (how.again) await redeem(mesh, {}, form);
  return outcomeOf(await redeem(mesh, how, form));
};

const CLIENT = 'invalid_client';
const GRANT = 'invalid_grant';

const thieves: readonly (readonly [string, string, Redeeming])[] = [
  ["with another agent's SVID", CLIENT, { as: (mesh) => mesh.svidOf('tts') }],
  ["with the issuer's own SVID", CLIENT, { as: (mesh) => mesh.svidOf('issuer') }],
  ['where browsers are, without a certificate', CLIENT, { atBrowsers: true }],
  [
    'where browsers are, with a forwarded certificate',
    CLIENT,
    {
      atBrowsers: true,
      headers: (mesh) => ({
        'x-forwarded-client-cert': `URI=spiffe://mesh.test/ns/agents/sa/gateway;Cert="${pem(mesh)}"`,
        'x-ssl-client-cert': pem(mesh),
        'x-ssl-client-verify': 'SUCCESS',
        'ssl-client-cert': pem(mesh),
        'client-cert': `:${Buffer.from(mesh.svidOf('gateway').chainPem).toString('base64')}:`,
      }),
    },
  ],
  [
    "with another agent's SVID and the gateway's certificate in headers",
    CLIENT,
    {
      as: (mesh) => mesh.svidOf('tts'),
      headers: (mesh) => ({
        'x-forwarded-client-cert': `URI=spiffe://mesh.test/ns/agents/sa/gateway;Cert="${pem(mesh)}"`,
        'x-ssl-client-cert': pem(mesh),
      }),
    },
  ],
  ['as a public client', CLIENT, { form: { client_id: 'mesh-cli' } }],
];

/** 33: the gateway is who it is by its SVID, and by nothing else. */
export const sessionClients: readonly Attack[] = [
  ...variants<Redeeming>(
    33,
    redeemed,
    [
      ...thieves,
      [
        'with the SVID of an agent that has nothing to do there',
        'ERR_PEER_NOT_AUTHORIZED',
        { as: (mesh: AttackedMesh) => mesh.svidOf('researcher') },
      ] as const,
      ['without a certificate', 'ERR_PEER_CERTIFICATE_MISSING', { as: () => null }] as const,
      ['with another verifier', GRANT, { form: { code_verifier: 'v'.repeat(43) } }] as const,
      [
        'for another redirect',
        GRANT,
        { form: { redirect_uri: 'http://mesh.localhost:1/x' } },
      ] as const,
      [
        'with a secret in the place of the SVID',
        CLIENT,
        { atBrowsers: true, form: { client_secret: 'mesh-web' } },
      ] as const,
      [
        'with Basic in the place of the SVID',
        'invalid_request',
        {
          atBrowsers: true,
          headers: () => ({
            authorization: `Basic ${Buffer.from(`${SESSION_CLIENT}:`).toString('base64')}`,
          }),
        },
      ] as const,
    ].map(([how, code, defect]) => [`a stolen code is redeemed ${how}`, code, defect] as const),
  ),
  ...variants<Redeeming & { readonly again?: boolean }>(33, refreshed, [
    ...thieves.map(
      ([how, code, defect]) => [`a stolen refresh token is used ${how}`, code, defect] as const,
    ),
    ['a refresh token is used again', GRANT, { again: true }],
  ]),
];

/** As a browser says that a person typed the address. */
const TYPED = {
  'sec-fetch-site': 'none',
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
};

/** Who opens a welcome link, and is to be signed in by it. */
interface Opening {
  readonly link?: (link: string, mesh: AttackedMesh) => string | Promise<string>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

const welcomed: Act<Opening> = async (
  mesh,
  { link: change, headers = {}, method = 'GET' } = {},
) => {
  const right = mesh.issuer.welcome('analyst');
  const link = (await change?.(right, mesh)) ?? right;
  const browser = new PersonsBrowser(mesh.origin, () => {
    throw new Error('a password is asked for');
  });
  await browser.send(link, { method, headers: { ...TYPED, ...headers } });
  try {
    await browser.signIn('analyst');
    return SUCCEEDED;
  } catch (error) {
    return (error as Error).message;
  }
};

const ASKED = 'a password is asked for';

/** 34: the link that signs a newcomer in, in other hands. */
export const welcomeLinks: readonly Attack[] = variants<Opening>(34, welcomed, [
  [
    'a welcome link that was used',
    ASKED,
    {
      link: async (link, mesh) => {
        await newBrowser(mesh).send(link, { headers: TYPED });
        return link;
      },
    },
  ],
  [
    'a guessed welcome link',
    ASKED,
    { link: (link) => link.replace(/[^/]+$/, randomBytes(32).toString('base64url')) },
  ],
  ['a welcome link but for its last letter', ASKED, { link: (link) => `${link.slice(0, -1)}_` }],
  ['a welcome link in a longer path', ASKED, { link: (link) => `${link}/` }],
  [
    'a welcome link that another site leads to',
    ASKED,
    { headers: { 'sec-fetch-site': 'cross-site' } },
  ],
  [
    'a welcome link that a page on another port of the host leads to',
    ASKED,
    { headers: { 'sec-fetch-site': 'same-site' } },
  ],
  ['a welcome link in a frame', ASKED, { headers: { 'sec-fetch-dest': 'iframe' } }],
  ['a welcome link that is fetched ahead', ASKED, { headers: { 'sec-purpose': 'prefetch' } }],
  ['a welcome link that a preview looks at', ASKED, { method: 'HEAD' }],
  [
    'a welcome link by a form of another site',
    ASKED,
    { method: 'POST', headers: { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' } },
  ],
]);
