import { type Act, type Attack, SUCCEEDED, variants } from '../attack.js';
import type { AttackedMesh } from '../mesh/attacked-mesh.js';
import {
  fetchRoute,
  ME,
  newBrowser,
  type PersonsBrowser,
  SESSION,
  SIGN_IN,
  signedIn,
  signInOutcome,
} from '../tools/browsing.js';

const STATE = 'ERR_SIGN_IN_STATE';
const ISSUER = 'ERR_SIGN_IN_ISSUER';
const FAILED = 'ERR_SIGN_IN_FAILED';
const TARGET = 'ERR_SIGN_IN_TARGET';
/** Of the form of an ID, and of no session. */
const CHOSEN = 'A'.repeat(43);

/** The end of a sign-in: an answer of the issuer in a browser. */
interface Ending {
  readonly browser: PersonsBrowser;
  readonly callback: URL;
}
type Change = (
  ending: Ending,
  mesh: AttackedMesh,
) => void | Partial<Ending> | Promise<void | Partial<Ending>>;

const ending: Act<Change> = async (mesh, change) => {
  const browser = newBrowser(mesh);
  const right = { browser, callback: new URL(await browser.atCallback('analyst')) };
  const { browser: by, callback } = { ...right, ...(await change?.(right, mesh)) };
  return signInOutcome(await by.send(callback.href));
};

const query =
  (change: (query: URLSearchParams) => void): Change =>
  ({ callback }) =>
    change(callback.searchParams);

/** The same callback twice at once: how many sessions come of it. */
const raced: Act<true> = async (mesh, defect) => {
  const browser = newBrowser(mesh);
  const callbacks = [await browser.atCallback('analyst'), await browser.atCallback('analyst')];
  const outcomes = await Promise.all(
    callbacks.map(async (_, at) => signInOutcome(await browser.send(callbacks[defect ? 0 : at]!))),
  );
  return outcomes.find((one) => one !== SUCCEEDED) ?? SUCCEEDED;
};

/** 27: answers of the issuer that belong to no sign-in of this browser. */
export const signIns: readonly Attack[] = [
  ...variants<Change>(27, ending, [
    [
      "login CSRF: the attacker's code and state in a browser that began nothing",
      STATE,
      (_, mesh) => ({ browser: newBrowser(mesh) }),
    ],
    [
      "login CSRF: the attacker's code and state in a browser with a sign-in of its own",
      STATE,
      async (_, mesh) => {
        const victim = newBrowser(mesh);
        await victim.send('/sign-in');
        return { browser: victim };
      },
    ],
    [
      "login CSRF: the attacker's code with the state of the victim's own sign-in",
      FAILED,
      async ({ callback }, mesh) => {
        const victim = newBrowser(mesh);
        const own = new URL(await victim.atCallback('reader'));
        own.searchParams.set('code', callback.searchParams.get('code')!);
        return { browser: victim, callback: own };
      },
    ],
    ["no sign-in's cookie", STATE, ({ browser }) => browser.cookies.clear()],
    ["another sign-in's cookie", STATE, ({ browser }) => browser.plant(SIGN_IN, CHOSEN)],
    [
      'a state and its code again',
      STATE,
      async ({ browser, callback }) => void (await browser.send(callback.href)),
    ],
    [
      'a code again, with a fresh state',
      FAILED,
      async ({ browser, callback }) => {
        await browser.send(callback.href);
        const next = new URL(await browser.atCallback('analyst'));
        next.searchParams.set('code', callback.searchParams.get('code')!);
        return { callback: next };
      },
    ],
    [
      'the code of another tab',
      FAILED,
      async ({ browser, callback }) => {
        const other = new URL(await browser.atCallback('analyst'));
        callback.searchParams.set('code', other.searchParams.get('code')!);
      },
    ],
    [
      "a stolen code in the thief's own sign-in",
      FAILED,
      async ({ callback }, mesh) => {
        const thief = newBrowser(mesh);
        const own = new URL(await thief.atCallback('reader'));
        own.searchParams.set('code', callback.searchParams.get('code')!);
        return { browser: thief, callback: own };
      },
    ],
    ['mix-up: iss of another issuer', ISSUER, query((q) => q.set('iss', 'https://evil.example'))],
    ['mix-up: iss with a slash more', ISSUER, query((q) => q.set('iss', `${q.get('iss')}/`))],
    ['mix-up: no iss', ISSUER, query((q) => q.delete('iss'))],
    [
      'mix-up: iss twice, the other one last',
      ISSUER,
      query((q) => q.append('iss', 'https://evil.example')),
    ],
    ['state twice', STATE, query((q) => q.append('state', CHOSEN))],
    ['no state', STATE, query((q) => q.delete('state'))],
    ['a state that nobody was given', STATE, query((q) => q.set('state', CHOSEN))],
    ['a state named __proto__', STATE, query((q) => q.set('state', '__proto__'))],
    ['a guessed code', FAILED, query((q) => q.set('code', CHOSEN))],
    ['code twice', FAILED, query((q) => q.append('code', CHOSEN))],
    ['no code', FAILED, query((q) => q.delete('code'))],
    [
      'an error beside the code',
      'ERR_SIGN_IN_REFUSED',
      query((q) => q.set('error', 'access_denied')),
    ],
  ]),
  ...variants<true>(27, raced, [['a state and its code twice at once', STATE, true]]),
  ...variants<true>(
    27,
    async (mesh, defect) => {
      const browser = newBrowser(mesh);
      const callback = new URL(await browser.atCallback('analyst'));
      return signInOutcome(
        await (defect
          ? browser.send('/sign-in/callback', {
              method: 'POST',
              headers: { 'content-type': 'application/x-www-form-urlencoded' },
              body: callback.searchParams.toString(),
            })
          : browser.send(callback.href)),
      );
    },
    [["the issuer's answer as a form of another site", 'ERR_METHOD_NOT_ALLOWED', true]],
  ),
];

/** A session's ID and secret as the attacker has them, once the victim has signed in. */
type Fixing = (mesh: AttackedMesh, victim: PersonsBrowser) => Promise<PersonsBrowser>;

const fixed: Act<Fixing> = async (mesh, fix) => {
  if (fix === undefined) {
    const victim = newBrowser(mesh);
    await victim.signIn('analyst');
    return fetchRoute(victim, ME);
  }
  const victim = newBrowser(mesh);
  const attacker = await fix(mesh, victim);
  await victim.signIn('analyst');
  // Whoever knows the ID may have the page's secret another way.
  attacker.csrf ??= victim.csrf;
  return fetchRoute(attacker, ME);
};

/** The attacker knows the cookie of the browser in which the victim signs in, and comes by the victim's answer. */
const knownSignIn: Act<string> = async (mesh, known) => {
  const victim = newBrowser(mesh);
  if (known !== undefined) victim.plant(SIGN_IN, known);
  const callback = await victim.atCallback('analyst');
  if (known === undefined) return signInOutcome(await victim.send(callback));
  const attacker = newBrowser(mesh);
  attacker.plant(SIGN_IN, known);
  return signInOutcome(await attacker.send(callback));
};

/** 28: IDs that the attacker knows before the victim signs in. */
export const fixation: readonly Attack[] = [
  ...variants<Fixing>(28, fixed, [
    [
      'a session ID of the attacker’s choice, planted before the sign-in',
      'ERR_SESSION_ENDED',
      async (mesh, victim) => {
        victim.plant(SESSION, CHOSEN);
        const attacker = newBrowser(mesh);
        attacker.plant(SESSION, CHOSEN);
        return attacker;
      },
    ],
    [
      "the attacker's own session, planted before the sign-in",
      'ERR_SESSION_ENDED',
      async (mesh, victim) => {
        const attacker = await signedIn(mesh, 'reader');
        victim.plant(SESSION, attacker.session);
        return attacker;
      },
    ],
    [
      'the session before, once its person has signed in again',
      'ERR_SESSION_ENDED',
      async (_mesh, victim) => {
        await victim.signIn('analyst');
        return victim.stolen();
      },
    ],
  ]),
  ...variants(28, knownSignIn, [
    ["a sign-in's cookie of the attacker's choice, planted before the sign-in", STATE, CHOSEN],
  ]),
];

/** Where somebody who follows a link ends after signing in. */
const ledTo: Act<string> = async (mesh, to = '/verify') =>
  signInOutcome(await newBrowser(mesh).send(`/sign-in?${new URLSearchParams({ to }).toString()}`));

const targets = [
  '//evil.example',
  '///evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https://evil.example',
  'HTTPS:evil.example',
  'http:evil.example',
  'javascript:alert(1)',
  'data:text/html,x',
  '/.//evil.example',
  '/x/..//evil.example',
  '/%2e//evil.example',
  '/\tevil.example',
  '/\r\nSet-Cookie: a=b',
  '/ /evil.example',
  'evil.example',
  '@evil.example',
  '.evil.example',
  '/​//evil.example',
  `/${'a'.repeat(2000)}`,
];

/** Ways in which a page that follows is named twice, or as something else than a text. */
const queries = ['to=/a&to=//evil.example', 'to[]=//evil.example&to=/a&to=/b', 'to=', 'to=%00'];

/** 32: links of the mesh that lead elsewhere. */
export const redirects: readonly Attack[] = [
  ...variants<string>(
    32,
    ledTo,
    targets.map(
      (to) => [`after sign-in on to ${JSON.stringify(to).slice(0, 40)}`, TARGET, to] as const,
    ),
  ),
  ...variants<string>(
    32,
    async (mesh, text = 'to=/verify') =>
      signInOutcome(await newBrowser(mesh).send(`/sign-in?${text}`)),
    queries.map((text) => [`after sign-in on by ?${text}`, TARGET, text] as const),
  ),
  ...variants<Readonly<Record<string, string>>>(
    32,
    async (mesh, headers) => {
      const answer = await newBrowser(mesh).send('/sign-in', headers ? { headers } : {});
      const led = new URL(answer.location ?? 'http://nowhere.example');
      const back = led.searchParams.get('redirect_uri') ?? led.href;
      // What a header says must change nothing.
      if (back !== `${mesh.origin}/sign-in/callback`) return SUCCEEDED;
      return headers ? 'led to the public address' : SUCCEEDED;
    },
    [
      [
        'the way back from the issuer by X-Forwarded-Host',
        'led to the public address',
        {
          'x-forwarded-host': 'evil.example',
          'x-forwarded-proto': 'https',
          forwarded: 'host=evil.example;proto=https',
          'x-original-host': 'evil.example',
        },
      ],
    ],
  ),
  ...variants<string>(
    32,
    async (mesh, to) => {
      const { url } = mesh.issuer;
      const back = to ?? `${mesh.origin}/signed-out`;
      const ending = new URLSearchParams({
        client_id: 'mesh-web',
        post_logout_redirect_uri: back,
      }).toString();
      const { status, text } = await newBrowser(mesh).send(`${url}/session/end?${ending}`);
      return status < 400 ? SUCCEEDED : (/invalid_request|invalid_client/.exec(text)?.[0] ?? text);
    },
    [
      ['after sign-out on to another site', 'invalid_request', 'https://evil.example/signed-out'],
      [
        'after sign-out on to another port of the host',
        'invalid_request',
        'http://mesh.localhost:1/signed-out',
      ],
      ['after sign-out on to a script', 'invalid_request', 'javascript:alert(1)'],
    ],
  ),
  ...variants<string>(
    32,
    async (mesh, redirect) => {
      const { url } = mesh.issuer;
      const asked = new URLSearchParams({
        client_id: 'mesh-web',
        response_type: 'code',
        scope: 'openid',
        state: CHOSEN,
        code_challenge: CHOSEN,
        code_challenge_method: 'S256',
        resource: mesh.issuer.resource,
        redirect_uri: redirect ?? `${mesh.origin}/sign-in/callback`,
      }).toString();
      const { status, location, text } = await newBrowser(mesh).send(`${url}/auth?${asked}`);
      if (location !== undefined) {
        return location.startsWith(`${url}/`) ? SUCCEEDED : `led to ${location}`;
      }
      return status < 400
        ? SUCCEEDED
        : (/invalid_redirect_uri|invalid_request/.exec(text)?.[0] ?? text);
    },
    [
      [
        'codes of the session client to another site',
        'invalid_redirect_uri',
        'https://evil.example/sign-in/callback',
      ],
      [
        'codes of the session client to another port',
        'invalid_redirect_uri',
        'http://mesh.localhost:1/sign-in/callback',
      ],
    ],
  ),
];
