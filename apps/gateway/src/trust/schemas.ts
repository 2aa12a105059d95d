/* The documents of trust as JSON Schema: they are written by libs/spiffe and libs/provenance, not by a class. */

const spiffeId = { type: 'string', pattern: '^spiffe://', description: 'A SPIFFE ID.' };
const trustDomain = { type: 'string', description: 'Name of the trust domain.' };

export const bundleSchema = {
  type: 'object',
  description: 'A SPIFFE bundle document: a JWK set (RFC 7517).',
  required: ['keys'],
  properties: {
    keys: {
      type: 'array',
      description: 'The public keys of the CAs.',
      items: {
        type: 'object',
        required: ['use', 'kty', 'x5c'],
        properties: {
          use: { type: 'string', enum: ['x509-svid'], description: 'What the key vouches for.' },
          kty: { type: 'string', enum: ['EC', 'RSA'], description: 'Type of the key.' },
          x5c: {
            type: 'array',
            description: "The CA's certificate, base64 of its DER.",
            items: { type: 'string' },
            minItems: 1,
            maxItems: 1,
          },
        },
      },
    },
  },
};

export const trustSchema = {
  type: 'object',
  description: 'A trust document: what answers are verified by.',
  required: ['type', 'trust_domain', 'root', 'edges', 'bundle'],
  properties: {
    type: { type: 'string', enum: ['mesh-trust-v1'], description: 'Which document it is.' },
    trust_domain: trustDomain,
    root: { ...spiffeId, description: 'SPIFFE ID of who signs what people are given.' },
    edges: {
      type: 'array',
      description: "Who may call whom on a person's behalf.",
      items: {
        type: 'object',
        required: ['caller', 'callee'],
        properties: { caller: spiffeId, callee: spiffeId },
      },
    },
    bundle: bundleSchema,
  },
};

export const archiveSchema = {
  type: 'object',
  description: 'An archive document: CAs that vouch for nothing new.',
  required: ['type', 'trust_domain', 'authorities'],
  properties: {
    type: { type: 'string', enum: ['mesh-archive-v1'], description: 'Which document it is.' },
    trust_domain: trustDomain,
    authorities: {
      type: 'array',
      description: 'At most 1000.',
      items: {
        type: 'object',
        required: ['certificate', 'status', 'since'],
        properties: {
          certificate: { type: 'string', description: "The CA's certificate, base64 of its DER." },
          status: {
            type: 'string',
            enum: ['retired', 'distrusted'],
            description: '`distrusted`: what it vouched for fails at any time.',
          },
          since: { type: 'integer', description: 'Seconds since the epoch.' },
        },
      },
    },
  },
};
