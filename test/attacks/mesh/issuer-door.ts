import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import type { Minted } from '@test/kit';
import { Impostor, passOn } from '../tools/impostor.js';
import { es256, type Members, type Signer, write } from '../tools/jws.js';

/** What is wrong with a minted access token; what is left out is right. */
export interface AccessTokenDefect {
  readonly header?: Members;
  readonly claims?: Members;
}

/** The same of a logout token. */
export interface LogoutTokenDefect extends AccessTokenDefect {
  readonly signer?: Signer;
}

/**
 * The issuer's door for agents: passes on what the embedded issuer's own one says, and adds a key to its set that the
 * suite holds. So tokens can be signed as the issuer would never, with a control that is signed the same way; people
 * sign in at the issuer itself.
 */
export class IssuerDoor {
  private constructor(
    private readonly listener: Impostor,
    /** Of the key that the issuer does not know of. */
    readonly keyPem: string,
    private readonly kid: string,
    private readonly issuer: string,
    private readonly audience: string,
  ) {}

  /** @param svidOf The SVID of a workload: each request goes on as who sent it. */
  static async start(
    svidOf: (name: string) => Minted,
    issuer: {
      readonly url: string;
      readonly agentsUrl: string;
      /** Where agents look for it. */
      readonly at: string;
      readonly resource: string;
    },
  ): Promise<IssuerDoor> {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const kid = randomUUID();
    const jwk = {
      ...createPublicKey(privateKey).export({ format: 'jwk' }),
      kid,
      alg: 'ES256',
      use: 'sig',
    };
    const listener = await Impostor.start(svidOf('issuer'), async (request) => {
      const { status, body } = await passOn(issuer.agentsUrl, svidOf(request.peer), request);
      if (request.path !== '/jwks')
        return { status, body: body.replaceAll(issuer.agentsUrl, issuer.at) };
      const { keys } = JSON.parse(body) as { keys: object[] };
      return { status, body: JSON.stringify({ keys: [...keys, jwk] }) };
    });
    return new IssuerDoor(listener, keyPem, kid, issuer.url, issuer.resource);
  }

  get url(): string {
    return this.listener.url;
  }

  /** An access token of the analyst, as the issuer makes them, but for the defect. */
  mint(defect: AccessTokenDefect = {}): string {
    const now = Math.floor(Date.now() / 1000);
    return this.#signed('at+jwt', defect, {
      iss: this.issuer,
      aud: this.audience,
      sub: 'analyst',
      client_id: 'mesh-cli',
      scope: 'research:fast research:deep draft:write',
      roles: ['analyst'],
      jti: randomUUID(),
      iat: now,
      exp: now + 600,
    });
  }

  /** A logout token for the session's client about the analyst, as the issuer makes them, but for the defect. */
  mintLogout(clientId: string, defect: LogoutTokenDefect = {}): string {
    const now = Math.floor(Date.now() / 1000);
    return this.#signed('logout+jwt', defect, {
      iss: this.issuer,
      aud: clientId,
      sub: 'analyst',
      jti: randomUUID(),
      iat: now,
      exp: now + 120,
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    });
  }

  #signed(
    typ: string,
    { header = {}, claims = {}, signer = es256(this.keyPem) }: LogoutTokenDefect,
    right: Members,
  ): string {
    return write(
      {
        header: { typ, alg: 'ES256', kid: this.kid, ...header },
        payload: { ...right, ...claims },
      },
      signer,
    );
  }

  close(): Promise<void> {
    return this.listener.close();
  }
}
