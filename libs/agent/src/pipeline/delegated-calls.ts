import { hash } from 'node:crypto';
import { HEADERS, type RequestContext } from '@mesh/contracts';
import { delegationOf, MissingScopeError, type TokenClient, type TxnToken } from '@mesh/delegation';
import { MeshError } from '@mesh/errors';
import type { SpiffeId } from '@mesh/identity';
import { type CanonicalRequest, type Digest, requestJson } from '@mesh/provenance';
import { recordOf, type PeerAnswers } from '@mesh/signing';
import type { AgentDirectory } from '../agent-file/agent-directory.js';
import type { DelegatedCall, PeerRequest, PeerTrust } from './peer-client.js';
import { UndelegatedCallError } from './peer.error.js';
import { newRequestNonce } from './request-nonce.js';

/** An answer that was refused: for the audit log. */
export interface RefusedAnswer {
  readonly peer: string;
  readonly error: MeshError;
  /** Of the request that was served with it. */
  readonly correlationId: string;
}

/**
 * How one agent's calls to others are made on a person's behalf: with the token of the request that is served, narrowed
 * to what the called agent needs, and with answers that are proven. Everything follows from the agent.yaml files.
 */
export class DelegatedCalls implements PeerTrust {
  /** Of each request, by the peer: a token is obtained once, however often the peer is called. */
  readonly #tokens = new WeakMap<RequestContext, Map<string, Promise<TxnToken>>>();

  constructor(
    private readonly self: { readonly name: string; readonly id: SpiffeId },
    private readonly directory: AgentDirectory,
    private readonly tokens: TokenClient,
    private readonly answers: PeerAnswers,
    private readonly onRefused: (refused: RefusedAnswer) => void,
  ) {}

  servesOwn(peer: string, action: string): boolean {
    return (
      this.directory.mayCall(peer, action, this.self.id) &&
      !this.directory.isDelegated(peer, action)
    );
  }

  async delegate(
    peer: string,
    context: RequestContext,
    { method, path, text }: PeerRequest,
  ): Promise<DelegatedCall> {
    const held = delegationOf(context);
    if (!held) throw new UndelegatedCallError("The request that is served is on nobody's behalf.");
    const token = await this.#tokenFor(peer, context, held);
    // One for all tries of this call, so that the answer to any of them fits.
    const nonce = newRequestNonce();
    const request = digestOf({ method, path, nonce, body: JSON.parse(text) });
    return {
      headers: { [HEADERS.txnToken]: token.reveal(), [HEADERS.requestNonce]: nonce },
      prove: (answer) => this.#prove(peer, context, { token, request }, answer),
    };
  }

  #tokenFor(peer: string, context: RequestContext, held: TxnToken): Promise<TxnToken> {
    // Whoever began the transaction holds the token of its own calls.
    if (held.actor.equals(this.self.id)) return Promise.resolve(held);
    const known = this.#tokens.get(context) ?? new Map<string, Promise<TxnToken>>();
    this.#tokens.set(context, known);
    const token = known.get(peer) ?? this.#replace(peer, held);
    known.set(peer, token);
    // One that failed is tried anew by the next call.
    token.catch(() => known.delete(peer));
    return token;
  }

  async #replace(peer: string, held: TxnToken): Promise<TxnToken> {
    const served = this.directory.delegatedActions(peer, this.self.name);
    const behind = this.directory.actionsBehind(peer);
    const scope = held.scope.filter((one) => served.includes(one) || behind.includes(one));
    if (!served.some((action) => scope.includes(action))) {
      throw served[0] === undefined
        ? new UndelegatedCallError(`${peer} serves nothing to this agent on a person's behalf.`)
        : new MissingScopeError(served[0]);
    }
    return this.tokens.replace(held, scope);
  }

  async #prove(
    peer: string,
    context: RequestContext,
    { token, request }: { readonly token: TxnToken; readonly request: Digest },
    answer: string,
  ): Promise<void> {
    try {
      const { nodes } = await this.answers.verify(answer, {
        txn: token.txn,
        delegation: {
          subject: token.userId,
          actors: token.actors,
          scope: token.scope,
          tokenHash: token.hash,
        },
        request,
        peer: this.directory.spiffeIdOf(peer),
        now: new Date(),
      });
      recordOf(context).input(
        nodes.map(({ compact }) => compact),
        nodes.map(({ statement }) => statement.request),
      );
    } catch (error) {
      if (error instanceof MeshError) {
        this.onRefused({ peer, error, correlationId: context.correlationId });
      }
      throw error;
    }
  }
}

/** @throws TypeError for what no answer could be proven to answer: a mistake of this agent's code */
function digestOf(request: CanonicalRequest): Digest {
  try {
    return hash('sha256', requestJson(request), 'base64url');
  } catch (cause) {
    throw new TypeError('The body of the call has no canonical form (RFC 8785).', { cause });
  }
}
