import type Provider from 'oidc-provider';
import { loopbackAgent } from './client/loopback-http.js';
import type { IssuerLog } from './issuer-log.js';
import type { SessionClientOptions } from './session-client.js';

/** For one logout token, in milliseconds: who signs out waits for it. */
const DELIVERY_MS = 2_500;

type Session = InstanceType<Provider['Session']>;

/** What the types of `oidc-provider` leave out. */
interface BackChannelClient {
  backchannelLogout(sub: string, sid: string): Promise<void>;
}

/**
 * How the issuer reaches the gateway, and nothing else: `oidc-provider` fetches for logout tokens alone, and its own
 * guard against private addresses would refuse loopback.
 */
export class BackChannel {
  constructor(
    private readonly session: SessionClientOptions | undefined,
    private readonly log: IssuerLog | undefined,
  ) {}

  /** What `oidc-provider` takes as its `fetch`. */
  readonly fetch = async (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    const url = new URL(input instanceof Request ? input.url : input);
    if (!this.session?.origins().includes(url.origin)) {
      throw new TypeError('The issuer reaches the gateway alone.');
    }
    const agent = loopbackAgent(this.session.ca?.());
    try {
      const { statusCode, body } = await agent.request({
        origin: url.origin,
        path: url.pathname,
        method: 'POST',
        headers: Object.fromEntries(new Headers(init!.headers)),
        body: (init!.body as URLSearchParams).toString(),
        signal: AbortSignal.timeout(DELIVERY_MS),
      });
      await body.dump();
      return new Response(null, { status: statusCode });
    } finally {
      await agent.destroy();
    }
  };

  /** Ends a session where no person asks for it, as `end_session_endpoint` does: its clients hear of it first. */
  async end(provider: Provider, session: Session): Promise<void> {
    await Promise.all(
      Object.keys(session.authorizations ?? {}).map(async (clientId) => {
        const client = await provider.Client.find(clientId);
        const sid = session.sidFor(clientId);
        if (client?.backchannelLogoutUri === undefined || sid === undefined) return;
        try {
          await (client as unknown as BackChannelClient).backchannelLogout(session.accountId!, sid);
        } catch (error) {
          this.failed(error);
        }
      }),
    );
    await session.destroy();
  }

  failed(error: unknown): void {
    this.log?.warn(
      { reason: error instanceof Error ? error.name : 'unknown' },
      'Embedded issuer: the gateway did not take a logout token',
    );
  }
}
