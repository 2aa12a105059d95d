import type { ErrorEntry } from '../error-entry.js';

/** Codes of SPIFFE IDs, certificates, chains, bundles, the Workload API and mTLS. */
export const identityCodes = {
  // SPIFFE-ID
  ERR_SPIFFE_ID_EMPTY: {
    status: 400,
    title: 'The SPIFFE ID is empty',
    remedy: 'Give an ID of the form spiffe://trust-domain/path.',
  },
  ERR_SPIFFE_ID_TOO_LONG: {
    status: 400,
    title: 'The SPIFFE ID is longer than 2048 bytes',
    remedy: 'Shorten the path.',
  },
  ERR_SPIFFE_ID_SCHEME: {
    status: 400,
    title: 'The SPIFFE ID does not begin with spiffe://',
    remedy: 'Give an ID of the form spiffe://trust-domain/path, the scheme in lower case.',
  },
  ERR_SPIFFE_ID_PATH_CHARACTER: {
    status: 400,
    title: "The SPIFFE ID's path has a character that is not allowed",
    remedy: 'Use letters, digits, dots, dashes and underscores alone, without percent-encoding.',
  },
  ERR_SPIFFE_ID_PATH_SEGMENT_EMPTY: {
    status: 400,
    title: "The SPIFFE ID's path has an empty segment",
    remedy: 'Remove the doubled slash or the empty segment.',
  },
  ERR_SPIFFE_ID_PATH_SEGMENT_DOTS: {
    status: 400,
    title: "The SPIFFE ID's path has a segment . or ..",
    remedy: 'Write the path out; relative segments are not allowed.',
  },
  ERR_SPIFFE_ID_PATH_TRAILING_SLASH: {
    status: 400,
    title: "The SPIFFE ID's path ends in a slash",
    remedy: 'Remove the slash at the end.',
  },
  ERR_SPIFFE_ID_PATH_LEADING_SLASH: {
    status: 400,
    title: 'The path does not begin with a slash',
    remedy: 'Begin the path with a slash, or leave it empty.',
  },
  ERR_SPIFFE_ID_NOT_MATCHED: {
    status: 403,
    title: 'Another SPIFFE ID was expected',
    remedy: 'Check which ID the workload is registered under, and which one is expected of it.',
  },
  ERR_TRUST_DOMAIN_EMPTY: {
    status: 400,
    title: 'The trust domain is missing',
    remedy: 'Give a trust domain name such as example.org.',
  },
  ERR_TRUST_DOMAIN_CHARACTER: {
    status: 400,
    title: 'The trust domain has a character that is not allowed',
    remedy:
      'Use lower-case letters, digits, dots, dashes and underscores alone; no port and no user.',
  },
  ERR_TRUST_DOMAIN_TOO_LONG: {
    status: 400,
    title: 'The trust domain is longer than 255 bytes',
    remedy: 'Give a shorter trust domain name.',
  },

  // Certificates as such
  ERR_CERTIFICATE_MALFORMED: {
    status: 400,
    title: 'The certificate is not well-formed DER of an X.509 v3 certificate',
    remedy: 'Have the certificate issued again; the message names the part that is wrong.',
  },
  ERR_CERTIFICATE_PEM: {
    status: 400,
    title: 'The text is not PEM of certificates alone',
    remedy: 'Give one or more CERTIFICATE blocks and no other kind of block.',
  },
  ERR_CERTIFICATE_TOO_LARGE: {
    status: 400,
    title: 'The certificates are larger or more than is accepted',
    remedy: 'Give certificates of at most 16 KiB each, and not more than the message says.',
  },
  ERR_CERTIFICATE_EXPIRED: {
    status: 403,
    title: 'A certificate of the chain is expired',
    remedy: 'Check that the workload renews its SVID, and the clocks of both sides.',
  },
  ERR_CERTIFICATE_NOT_YET_VALID: {
    status: 403,
    title: 'A certificate of the chain is not valid yet',
    remedy: 'Check the clocks of both sides and of the authority.',
  },
  ERR_CERTIFICATE_KEY: {
    status: 403,
    title: 'A key of the chain is of a kind that is not accepted',
    remedy:
      'Use ECDSA P-256 or P-384, or RSA of 2048 to 8192 bits with an exponent of 65537 or more.',
  },
  ERR_CERTIFICATE_SIGNATURE_ALGORITHM: {
    status: 403,
    title: 'A signature of the chain is of a kind that is not accepted',
    remedy: 'Sign with ECDSA, RSA PKCS #1 or RSA-PSS and SHA-256, SHA-384 or SHA-512.',
  },
  ERR_CERTIFICATE_CRITICAL_EXTENSION: {
    status: 403,
    title: 'A certificate of the chain has a critical extension that is not understood',
    remedy: 'Issue the certificate without the extension that the message names, or not critical.',
  },

  // X509-SVID, leaf
  ERR_SVID_URI_MISSING: {
    status: 403,
    title: 'The certificate carries no SPIFFE ID',
    remedy: 'Present an X.509-SVID: a certificate with one URI SAN that is a SPIFFE ID.',
  },
  ERR_SVID_URI_SEVERAL: {
    status: 403,
    title: 'The certificate carries more than one URI',
    remedy: 'Issue the SVID with exactly one URI SAN.',
  },
  ERR_SVID_ID_INVALID: {
    status: 403,
    title: "The certificate's URI is not a SPIFFE ID",
    remedy: 'Issue the SVID with a SPIFFE ID as its URI SAN; the cause names the rule.',
  },
  ERR_SVID_PATH_MISSING: {
    status: 403,
    title: "The workload's SPIFFE ID has no path",
    remedy: 'Register the workload under an ID with a path.',
  },
  ERR_SVID_SAN_NOT_CRITICAL: {
    status: 403,
    title: 'The subject is empty and the subjectAltName not critical',
    remedy: 'Issue the SVID with a subject, or mark the SAN extension critical.',
  },
  ERR_SVID_IS_CA: {
    status: 403,
    title: 'A signing certificate was presented as a workload',
    remedy: 'Issue the SVID with cA false.',
  },
  ERR_SVID_KEY_USAGE_MISSING: {
    status: 403,
    title: 'The SVID has no key usage',
    remedy: 'Issue the SVID with a critical key usage of digitalSignature.',
  },
  ERR_SVID_KEY_USAGE_NOT_CRITICAL: {
    status: 403,
    title: "An SVID's key usage is not critical",
    remedy: 'Mark the key usage extension critical.',
  },
  ERR_SVID_DIGITAL_SIGNATURE_MISSING: {
    status: 403,
    title: "The SVID's key usage lacks digitalSignature",
    remedy: 'Issue the SVID with digitalSignature set.',
  },
  ERR_SVID_KEY_CERT_SIGN: {
    status: 403,
    title: "The workload's SVID may sign certificates",
    remedy: 'Issue the SVID without keyCertSign.',
  },
  ERR_SVID_CRL_SIGN: {
    status: 403,
    title: "The workload's SVID may sign revocation lists",
    remedy: 'Issue the SVID without cRLSign.',
  },
  ERR_SVID_EXTENDED_KEY_USAGE: {
    status: 403,
    title: "The SVID's extended key usage lacks serverAuth or clientAuth",
    remedy: 'Issue the SVID with both, or without the extension.',
  },
  ERR_SVID_KEY_MALFORMED: {
    status: 400,
    title: "The SVID's private key cannot be read",
    remedy: 'Give an unencrypted PKCS #8 key.',
  },
  ERR_SVID_KEY_MISMATCH: {
    status: 400,
    title: 'The private key does not belong to the certificate',
    remedy: 'Give the key that the certificate was issued for.',
  },

  // X509-SVID, chain
  ERR_CHAIN_EMPTY: {
    status: 403,
    title: 'No certificate was presented',
    remedy: 'Present an X.509-SVID.',
  },
  ERR_CHAIN_TOO_LONG: {
    status: 403,
    title: 'More certificates were presented than are accepted',
    remedy: 'Present the leaf and its intermediates alone, 8 certificates at most.',
  },
  ERR_CHAIN_ORDER: {
    status: 403,
    title: 'The certificates do not form one chain',
    remedy:
      'Present the leaf first, then each certificate that issued the one before, and no other.',
  },
  ERR_CHAIN_NOT_CA: {
    status: 403,
    title: 'A certificate of the chain was issued by one that is no CA',
    remedy: 'Issue from a certificate with cA true.',
  },
  ERR_CHAIN_KEY_CERT_SIGN: {
    status: 403,
    title: 'A certificate of the chain was issued by one that may not sign certificates',
    remedy: 'Issue from a certificate whose key usage has keyCertSign.',
  },
  ERR_CHAIN_EXTENDED_KEY_USAGE: {
    status: 403,
    title: 'A signing certificate of the chain is not meant for TLS',
    remedy: 'Issue from a certificate with serverAuth and clientAuth, or no extended key usage.',
  },
  ERR_CHAIN_PATH_LENGTH: {
    status: 403,
    title: 'The chain is longer than one of its signing certificates permits',
    remedy: 'Issue from a signing certificate with a greater pathLenConstraint.',
  },
  ERR_CHAIN_NAME_CONSTRAINTS: {
    status: 403,
    title: 'A name in the chain is outside what one of its signing certificates permits',
    remedy: 'Issue from a signing certificate whose name constraints include the name.',
  },
  ERR_CHAIN_SIGNER_ID: {
    status: 403,
    title: "A signing certificate's own SPIFFE ID is not its trust domain's",
    remedy:
      "Issue from a certificate without a URI SAN, or with the ID of the leaf's trust domain.",
  },
  ERR_CHAIN_SIGNATURE: {
    status: 403,
    title: 'A signature inside the chain is wrong',
    remedy: 'Present the very certificates that issued one another.',
  },
  ERR_CHAIN_UNTRUSTED: {
    status: 403,
    title: "No authority of the peer's trust domain vouches for the chain",
    remedy: "Check that both sides have the trust domain's current bundle.",
  },

  // Bundles
  ERR_BUNDLE_NOT_FOUND: {
    status: 403,
    title: 'There is no bundle for the trust domain',
    remedy: 'Federate with the trust domain, if its workloads should be trusted.',
  },
  ERR_BUNDLE_MALFORMED: {
    status: 400,
    title: 'The trust bundle is malformed',
    remedy: 'Fetch the bundle again; the message names the part that is wrong.',
  },
  ERR_BUNDLE_TOO_LARGE: {
    status: 400,
    title: 'The trust bundle is larger than is accepted',
    remedy: 'Give a bundle document of at most 1 MiB and 256 authorities.',
  },

  // Authorizers
  ERR_PEER_NOT_AUTHORIZED: {
    status: 403,
    title: 'The peer is not the one that is expected here',
    remedy: 'Check which SPIFFE ID the peer has, and which one is expected of it.',
  },

  // Connections between workloads
  ERR_PEER_UNTRUSTED: {
    status: 502,
    title: "The peer's certificate chain is not trusted",
    remedy:
      "Look up the rule in the handshake line of the log; check both sides' bundles and clocks.",
    relay: true,
  },
  ERR_PEER_CERTIFICATE_MISSING: {
    status: 403,
    title: 'The peer presented no certificate',
    remedy: 'Connect with an X.509-SVID: these ports serve workloads alone.',
  },
  ERR_PEER_CHAIN_HIDDEN: {
    status: 502,
    title: "This Node.js does not show the peer's intermediate certificates",
    remedy: 'Run Node.js 26.10 or newer (nodejs/node#65579).',
  },
  ERR_PEER_HANDSHAKE_FAILED: {
    status: 502,
    title: 'The TLS handshake with the peer failed',
    remedy: 'Both sides must speak TLS 1.3; the message names what OpenSSL says.',
    relay: true,
  },
  ERR_CONNECTION_LOST: {
    status: 502,
    title: 'The connection to the peer was lost during a request',
    remedy:
      "If it lasts, look at the peer's handshake lines: a refused workload sees a plain close.",
    relay: true,
  },
  ERR_CONNECTION_EXPIRED: {
    status: 502,
    title: 'The connection was cut as its certificates expired',
    remedy: 'Ask again, or make SVIDs live at least twice as long as requests.',
    relay: true,
  },
  ERR_CONNECTION_DISTRUSTED: {
    status: 502,
    title: 'The connection was cut as its authority left the bundle',
    remedy: 'Ask again; the peer needs an SVID of an authority that is in the bundle.',
    relay: true,
  },
  ERR_CONNECTION_WITHDRAWN: {
    status: 503,
    title: "The connection was cut as the workload's identity was withdrawn",
    remedy: "Check the workload's registration entry.",
    relay: true,
  },
  ERR_POOL_CLOSED: {
    status: 503,
    title: 'The agent is shutting down',
    remedy: 'Ask again once it is up.',
    relay: true,
  },

  // Address of the SPIFFE Workload Endpoint
  ERR_ENDPOINT_UNSET: {
    status: 500,
    title: 'The address of the SPIFFE Workload Endpoint is not set',
    remedy: 'Set SPIFFE_ENDPOINT_SOCKET, for example to unix:///run/spire/agent.sock.',
  },
  ERR_ENDPOINT_MALFORMED: {
    status: 500,
    title: 'The address of the SPIFFE Workload Endpoint is no URI',
    remedy: 'Set SPIFFE_ENDPOINT_SOCKET to unix:///absolute/path or tcp://IP:port.',
  },
  ERR_ENDPOINT_SCHEME: {
    status: 500,
    title: 'The SPIFFE Workload Endpoint has a scheme other than unix and tcp',
    remedy: 'Set SPIFFE_ENDPOINT_SOCKET to unix:///absolute/path or tcp://IP:port.',
  },
  ERR_ENDPOINT_AUTHORITY: {
    status: 500,
    title: 'The address of the SPIFFE Workload Endpoint has an authority or user it must not have',
    remedy: 'Write three slashes after unix:, and no user before the IP address after tcp://.',
  },
  ERR_ENDPOINT_HOST: {
    status: 500,
    title: 'The SPIFFE Workload Endpoint is named by something other than an IP address',
    remedy: 'Give an IP address, in brackets if it is IPv6: tcp://127.0.0.1:8081.',
  },
  ERR_ENDPOINT_PORT: {
    status: 500,
    title: 'The address of the SPIFFE Workload Endpoint has no valid port',
    remedy: 'Give a port from 1 to 65535: tcp://127.0.0.1:8081.',
  },
  ERR_ENDPOINT_PATH: {
    status: 500,
    title: 'The address of the SPIFFE Workload Endpoint has a path that is not allowed',
    remedy: 'Give an absolute path of a socket after unix:, and none after tcp://IP:port.',
  },
  ERR_ENDPOINT_PATH_TOO_LONG: {
    status: 500,
    title: "The socket's path is longer than the system can connect to",
    remedy: 'Move the socket to a path of at most 107 bytes.',
  },
  ERR_ENDPOINT_COMPONENT: {
    status: 500,
    title: 'The address of the SPIFFE Workload Endpoint has a query or fragment',
    remedy: 'Remove everything from ? or # on; write %3F or %23 where it belongs to the path.',
  },

  // Workload API
  ERR_WORKLOAD_API_UNAVAILABLE: {
    status: 503,
    title: 'The Workload API is not reachable',
    remedy: 'Start the SPIRE agent or the embedded authority, and check SPIFFE_ENDPOINT_SOCKET.',
  },
  ERR_WORKLOAD_API_DENIED: {
    status: 503,
    title: 'The Workload API has no identity for this workload',
    remedy:
      'Register the workload: its entry is missing, or its selectors do not fit this process.',
  },
  ERR_WORKLOAD_API_REFUSED: {
    status: 503,
    title: 'The Workload API does not take this call',
    remedy: 'Check that a SPIFFE Workload API listens at SPIFFE_ENDPOINT_SOCKET, and its version.',
  },
  ERR_WORKLOAD_API_CLOSED: {
    status: 503,
    title: 'The Workload API client is closed',
    remedy: 'Call before close(): the process is going down.',
  },
  ERR_WORKLOAD_API_MESSAGE_MALFORMED: {
    status: 502,
    title: 'A message of the Workload API cannot be decoded',
    remedy: 'Check that a SPIFFE Workload API listens at SPIFFE_ENDPOINT_SOCKET.',
  },
  ERR_WORKLOAD_API_FIELD_MISSING: {
    status: 502,
    title: 'A message of the Workload API lacks a mandatory field',
    remedy: 'See the message for the field; the server breaks SPIFFE_Workload_API section 5.',
  },
  ERR_WORKLOAD_API_SVID_INVALID: {
    status: 502,
    title: 'The Workload API sent an SVID that breaks a rule',
    remedy: 'See the cause for the rule; the issuer has to mend it.',
  },
  ERR_WORKLOAD_API_ID_MISMATCH: {
    status: 502,
    title: 'The Workload API names another SPIFFE ID than its SVID has',
    remedy: 'The server mixes up entries; look at its log.',
  },
  ERR_WORKLOAD_API_BUNDLE_INVALID: {
    status: 502,
    title: 'The Workload API sent a bundle that breaks a rule',
    remedy: 'See the cause for the rule; the server or a federated trust domain has to mend it.',
  },
  ERR_WORKLOAD_API_BUNDLE_CONFLICT: {
    status: 502,
    title: 'The Workload API sent two different bundles for one trust domain',
    remedy: 'Remove the federation of a trust domain with itself.',
  },

  // X.509 source
  ERR_SVID_UNAVAILABLE: {
    status: 503,
    title: 'This workload has no identity yet',
    remedy: 'Wait until the Workload API answers; ./mesh doctor says why it does not.',
  },
  ERR_SVID_EXPIRED: {
    status: 503,
    title: 'The identity of this workload has expired',
    remedy: 'Bring the Workload API back: the SVID could not be renewed in time.',
  },
  ERR_SVID_WITHDRAWN: {
    status: 503,
    title: 'The identity of this workload was withdrawn',
    remedy: 'Register the workload again, if it should have one.',
  },
  ERR_SVID_NOT_PICKED: {
    status: 503,
    title: 'The Workload API sent no SVID of the kind that is wanted',
    remedy: 'Check the SPIFFE ID or hint that is configured against the registered entry.',
  },
  ERR_SOURCE_CLOSED: {
    status: 503,
    title: 'The source of identities is closed',
    remedy: 'Nothing: the process is going down.',
  },
} as const satisfies Record<string, ErrorEntry>;
