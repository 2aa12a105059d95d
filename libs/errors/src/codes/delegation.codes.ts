import type { ErrorEntry } from '../error-entry.js';

/** Codes of transaction tokens, their exchange, and the access tokens they are issued for. */
export const delegationCodes = {
  // Transaction tokens, as a receiver verifies them
  ERR_TOKEN_MISSING: {
    status: 401,
    title: 'The transaction token is missing',
    remedy:
      "Call this agent on a person's behalf: with the header Txn-Token, from the token service.",
  },
  ERR_TOKEN_MALFORMED: {
    status: 401,
    title: 'The transaction token is malformed',
    remedy: 'Send the token exactly as the token service issued it, once, in the header Txn-Token.',
  },
  ERR_TOKEN_TOO_LARGE: {
    status: 401,
    title: 'The transaction token is larger than is accepted',
    remedy: 'Ask for a token with a smaller transaction context; 12 KiB are the limit.',
  },
  ERR_TOKEN_TYPE: {
    status: 401,
    title: 'The token is of another type than txntoken+jwt',
    remedy: 'Exchange the access token at the token service; agents take transaction tokens alone.',
  },
  ERR_TOKEN_ALGORITHM: {
    status: 401,
    title: "The token's algorithm is not the one of the token service's key",
    remedy: 'Sign with ES256, ES384, RS256 or PS256, whichever fits the key of the SVID.',
  },
  ERR_TOKEN_HEADER: {
    status: 401,
    title: "The token's header has a member that is not understood",
    remedy: 'Issue the token with typ, alg and x5c alone in its header.',
  },
  ERR_TOKEN_HEADER_KEY: {
    status: 401,
    title: "The token's header names a key from elsewhere",
    remedy: 'Issue the token with x5c alone; jwk, jku, kid and x5u are never followed.',
  },
  ERR_TOKEN_CRITICAL: {
    status: 401,
    title: "The token's header has crit or b64",
    remedy: 'Issue the token without header extensions.',
  },
  ERR_TOKEN_CHAIN: {
    status: 401,
    title: "The token's certificates do not lead to the trust domain's bundle",
    remedy: 'Check that the token service and this agent have the current bundle.',
  },
  ERR_TOKEN_ISSUER: {
    status: 401,
    title: 'The token is not by the token service of this trust domain',
    remedy: 'Fetch the token from the token service of this trust domain.',
  },
  ERR_TOKEN_SIGNATURE: {
    status: 401,
    title: "The token's signature is wrong",
    remedy: 'Send the token exactly as the token service issued it.',
  },
  ERR_TOKEN_CLAIM: {
    status: 401,
    title: 'A claim of the token is missing or malformed',
    remedy: 'The message names the claim; issue the token with it.',
  },
  ERR_TOKEN_AUDIENCE: {
    status: 401,
    title: 'The token is for another trust domain',
    remedy: 'Fetch a token whose audience is this trust domain.',
  },
  ERR_TOKEN_EXPIRED: {
    status: 401,
    title: 'The token is expired',
    remedy: 'Ask again: a token lives for minutes. Check the clocks if it lasts.',
  },
  ERR_TOKEN_NOT_YET_VALID: {
    status: 401,
    title: 'The token was issued in the future',
    remedy: 'Check the clocks of the token service and this agent.',
  },
  ERR_TOKEN_LIFETIME: {
    status: 401,
    title: 'The token lives longer than a token may',
    remedy: "Issue tokens for at most 15 minutes, and never beyond the signing SVID's end.",
  },
  ERR_TOKEN_ACTOR: {
    status: 403,
    title: 'The token was sent by another workload than it was issued to',
    remedy: 'Send only tokens that the token service issued to this very workload.',
  },
  ERR_TOKEN_ACTOR_LOOP: {
    status: 403,
    title: 'A workload would stand twice in the chain of actors',
    remedy: 'Do not call back into an agent that the request already went through.',
  },
  ERR_TOKEN_ACTOR_DEPTH: {
    status: 403,
    title: 'The chain of actors is longer than is accepted',
    remedy: 'Let the request go through fewer agents, or raise the limit of the token service.',
  },
  ERR_TOKEN_SCOPE: {
    status: 403,
    title: 'The token does not allow this operation',
    remedy: 'Sign in as somebody who may do it; the message names the scope that is missing.',
    relay: true,
  },
  ERR_TOKEN_PERSON: {
    status: 403,
    title: 'This workload may not act for this person',
    remedy: "Add a role, group or subject of the person to actsFor in the workload's agent.yaml.",
    relay: true,
  },
  ERR_TOKEN_TRANSACTION: {
    status: 403,
    title: 'The token was issued for another transaction',
    remedy: 'Send a token only with the very request that it was issued for.',
  },

  // Calls to other agents, as the caller makes them
  ERR_CALL_UNDELEGATED: {
    status: 500,
    title: "An agent would call another one on nobody's behalf",
    remedy:
      'Call peers while a delegated request is served; what an agent does on its own business must be an action with delegated: false.',
  },
  ERR_TOKEN_ANSWER_INVALID: {
    status: 502,
    title: 'The token service answered with a token that is not the one asked for',
    remedy: 'Check that the token service of the trust domain is the one that runs.',
  },

  // Access tokens of the OpenID issuer
  ERR_ACCESS_TOKEN_MISSING: {
    status: 401,
    title: 'Nobody is signed in',
    remedy: 'Send an access token: Authorization: Bearer …; ./mesh token prints one.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_CLIENT: {
    status: 401,
    title: 'The access token was issued to a client whose tokens are not taken here',
    remedy: 'Sign in by one of the apiClients in the agent.yaml of this agent.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_SCOPE: {
    status: 403,
    title: 'The person may not do this',
    remedy:
      'Sign in as somebody who may, or ask for a scope that is granted; the message names it.',
  },
  ERR_ACCESS_TOKEN_PERSON: {
    status: 403,
    title: 'This service does not act for this person',
    remedy: "Add a role, group or subject of the person to actsFor in the service's agent.yaml.",
  },
  ERR_ACCESS_TOKEN_ROLE: {
    status: 403,
    title: 'The person lacks a role',
    remedy: 'Sign in as somebody who has the role, or have the issuer give it.',
  },
  ERR_ACCESS_TOKEN_MALFORMED: {
    status: 401,
    title: 'The access token is no JWT that could be read',
    remedy: 'Send the access token exactly as the issuer gave it.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_TYPE: {
    status: 401,
    title: 'The token is of another type than at+jwt',
    remedy: 'Send an access token (RFC 9068), not an ID token or another JWT.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_ALGORITHM: {
    status: 401,
    title: "The access token's algorithm is not accepted",
    remedy: 'Let the issuer sign with ES256, ES384, RS256 or PS256, and as its key says.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_HEADER: {
    status: 401,
    title: "The access token's header names a key from elsewhere or an extension",
    remedy: 'Let the issuer sign without jwk, jku, x5c, x5u, crit and b64.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_KEY_UNKNOWN: {
    status: 401,
    title: "The access token's key is none of the issuer's",
    remedy: 'Sign in again: the issuer may have retired its key.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_SIGNATURE: {
    status: 401,
    title: "The access token's signature is wrong",
    remedy: 'Send the access token exactly as the issuer gave it.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_ISSUER: {
    status: 401,
    title: 'The access token is by another issuer',
    remedy: 'Sign in at the issuer that is configured here.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_AUDIENCE: {
    status: 401,
    title: 'The access token is for another API',
    remedy: "Ask the issuer for a token whose resource is this mesh's API.",
    relay: true,
  },
  ERR_ACCESS_TOKEN_EXPIRED: {
    status: 401,
    title: 'The access token is expired',
    remedy: 'Sign in again, or refresh the token.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_NOT_YET_VALID: {
    status: 401,
    title: 'The access token is not valid yet',
    remedy: 'Check the clocks of the issuer and this agent.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_CLAIM: {
    status: 401,
    title: 'A claim of the access token is missing or malformed',
    remedy: 'The message names the claim; configure the issuer to follow RFC 9068.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_BOUND: {
    status: 401,
    title: 'The access token is bound to a key that cannot be checked here',
    remedy: 'Ask the issuer for a token without cnf.',
    relay: true,
  },
  ERR_ACCESS_TOKEN_KEYS_UNAVAILABLE: {
    status: 503,
    title: "The issuer's keys cannot be fetched",
    remedy: "Check that the issuer runs, and that its discovery document names the issuer's URL.",
    relay: true,
  },

  // Exchange at the token service (RFC 8693)
  ERR_EXCHANGE_MALFORMED: {
    status: 400,
    title: 'The token request is not a well-formed form',
    remedy: 'Send application/x-www-form-urlencoded, each parameter once, 32 KiB at most.',
  },
  ERR_EXCHANGE_PARAMETER_REPEATED: {
    status: 400,
    title: 'A parameter of the token request stands twice',
    remedy: 'Send each parameter once; several scopes go into one, with spaces between them.',
  },
  ERR_EXCHANGE_PARAMETER_MISSING: {
    status: 400,
    title: 'A parameter of the token request is missing or empty',
    remedy: 'The message names the parameter; add it.',
  },
  ERR_EXCHANGE_PARAMETER_UNSUPPORTED: {
    status: 400,
    title: 'A parameter of the token request is not supported here',
    remedy: 'The message names the parameter; leave it out.',
  },
  ERR_EXCHANGE_PARAMETER_VALUE: {
    status: 400,
    title: 'A parameter of the token request has a value that is not accepted',
    remedy: 'The message names the parameter and what it must hold.',
  },
  ERR_EXCHANGE_GRANT_TYPE: {
    status: 400,
    title: 'The grant type is not token exchange',
    remedy: 'Send grant_type urn:ietf:params:oauth:grant-type:token-exchange.',
  },
  ERR_EXCHANGE_TARGET: {
    status: 400,
    title: 'The audience is not this trust domain',
    remedy: "Send the trust domain's name as audience.",
  },
  ERR_EXCHANGE_SCOPE_INVALID: {
    status: 400,
    title: 'The scope is malformed or unknown',
    remedy: 'Ask for scopes that are actions of the agents of this trust domain.',
  },
  ERR_EXCHANGE_SCOPE_WIDER: {
    status: 403,
    title: 'A scope is wider than the subject token allows',
    remedy: 'Ask only for what the person or the replaced token was granted.',
    relay: true,
  },
  ERR_EXCHANGE_SCOPE_UNREACHABLE: {
    status: 400,
    title: 'A scope cannot be reached from this workload',
    remedy: 'Declare the workload among the callers of an agent that serves the scope.',
  },
  ERR_EXCHANGE_CLIENT: {
    status: 400,
    title: "The access token was issued to a client that is not this workload's",
    remedy: "Add the client to sessionClient or apiClients in the workload's agent.yaml.",
  },
  ERR_EXCHANGE_NO_EDGE: {
    status: 400,
    title: 'This workload serves nothing that the token would let its sender call',
    remedy: 'Declare the sender among the callers of an action of this workload.',
  },
  ERR_EXCHANGE_PERSON: {
    status: 403,
    title: 'This workload may not act for this person',
    remedy: "Add a role, group or subject of the person to actsFor in the workload's agent.yaml.",
    relay: true,
  },
  ERR_EXCHANGE_LIFETIME: {
    status: 401,
    title: 'There is no time left for the token to live',
    remedy: "Ask again: the subject token or the token service's SVID ends right now.",
    relay: true,
  },
} as const satisfies Record<string, ErrorEntry>;
