import { createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import type { Minted } from '@test/kit';
import { Impostor, passOn } from '../tools/impostor.js';
import { es256, type Members, write } from '../tools/jws.js';

/** What is wrong with a minted access token; what is left out is right. */
export interface AccessTokenDefect {
  readonly header?: Members;
  readonly claims?: Members;
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

  static async start(
    svid: Minted,
    issuer: { readonly url: string; readonly agentsUrl: string; readonly resource: string },
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
    const listener = await Impostor.start(svid, async (request) => {
      const { status, body } = await passOn(issuer.agentsUrl, svid, request);
      if (request.path !== '/jwks') return { status, body };
      const { keys } = JSON.parse(body) as { keys: object[] };
      return { status, body: JSON.stringify({ keys: [...keys, jwk] }) };
    });
    return new IssuerDoor(listener, keyPem, kid, issuer.url, issuer.resource);
  }

  get url(): string {
    return this.listener.url;
  }

  /** An access token of the analyst, as the issuer makes them, but for the defect. */
  mint({ header = {}, claims = {} }: AccessTokenDefect = {}): string {
    const now = Math.floor(Date.now() / 1000);
    const right = {
      iss: this.issuer,
      aud: this.audience,
      sub: 'analyst',
      client_id: 'mesh-cli',
      scope: 'research:fast research:deep draft:write',
      roles: ['analyst'],
      jti: randomUUID(),
      iat: now,
      exp: now + 600,
    };
    return write(
      {
        header: { typ: 'at+jwt', alg: 'ES256', kid: this.kid, ...header },
        payload: { ...right, ...claims },
      },
      es256(this.keyPem),
    );
  }

  close(): Promise<void> {
    return this.listener.close();
  }
}
