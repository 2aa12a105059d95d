const HOST_LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?';

const client = {
  description: 'the ID of a client of the OpenID issuer',
  type: 'string',
  pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$',
} as const;

function names<const T extends string>(what: T) {
  return {
    description: `a list of ${what}, each once`,
    type: 'array',
    maxItems: 100,
    uniqueItems: true,
    items: {
      description: 'a name of 1 to 128 characters, as the issuer gives it',
      type: 'string',
      minLength: 1,
      maxLength: 128,
    },
  } as const;
}

/**
 * JSON Schema of agent.yaml; `agent.schema.json` beside it is the same for editors. Each `description` ends the
 * sentence '… must be' of an error.
 */
export const agentFileSchema = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  title: 'agent.yaml',
  description: 'a mapping: what an agent is, who may call it and what it may reach',
  type: 'object',
  additionalProperties: false,
  required: ['name', 'identity', 'port'],
  properties: {
    name: {
      description: 'a DNS label: lower-case letters, digits and dashes, at most 63',
      type: 'string',
      pattern: '^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$',
    },
    identity: {
      description: 'the path of its SPIFFE ID in the trust domain, such as /ns/agents/sa/writer',
      type: 'string',
      pattern: '^/[a-zA-Z0-9._/-]{1,1024}$',
    },
    actions: {
      description: 'a mapping of actions to who may call them; nothing declared, nobody may',
      type: 'object',
      maxProperties: 100,
      propertyNames: {
        description: 'named like draft:write: two parts of lower-case letters, digits and dashes',
        type: 'string',
        maxLength: 64,
        pattern: '^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$',
      },
      additionalProperties: {
        description: 'a mapping with callers',
        type: 'object',
        additionalProperties: false,
        required: ['callers'],
        properties: {
          callers: {
            description: 'a list of callers, each once, or delegates',
            type: ['array', 'string'],
            pattern: '^delegates$',
            maxItems: 100,
            uniqueItems: true,
            items: {
              description: 'the name of an agent or a whole SPIFFE ID',
              type: 'string',
              minLength: 1,
              maxLength: 2048,
            },
          },
          delegated: {
            description: 'false: for what peers call on their own business, without a person',
            const: false,
          },
        },
      },
    },
    actsFor: {
      description: 'a mapping of whom it may act for; nothing declared, nobody',
      type: 'object',
      additionalProperties: false,
      properties: {
        roles: names('roles'),
        groups: names('groups'),
        subjects: {
          description: 'a list of persons, each once',
          type: 'array',
          maxItems: 1000,
          uniqueItems: true,
          items: {
            description: "a person: the issuer's URL, # and the sub of its tokens",
            type: 'string',
            maxLength: 1024,
            pattern: '^https?://[^#]+#.+$',
          },
        },
      },
    },
    sessionClient: client,
    apiClients: {
      description:
        'a list of clients of the OpenID issuer, each once: the first signs people in for the command line, the second for the page /docs',
      type: 'array',
      maxItems: 20,
      uniqueItems: true,
      items: client,
    },
    hosts: {
      description: 'a list of host names, each once',
      type: 'array',
      maxItems: 100,
      uniqueItems: true,
      items: {
        description: 'a host name in lower case, without scheme, port and wildcard',
        type: 'string',
        maxLength: 253,
        pattern: `^(${HOST_LABEL}\\.)*${HOST_LABEL}$`,
      },
    },
    secrets: {
      description: 'a list of names of secrets, each once',
      type: 'array',
      maxItems: 100,
      uniqueItems: true,
      items: {
        description: 'the name of a secret: lower-case letters, digits and dashes, at most 64',
        type: 'string',
        pattern: '^[a-z][a-z0-9-]{0,63}$',
      },
    },
    port: {
      description: 'a port, 1 to 65435 (the one 100 above it is for management)',
      type: 'integer',
      minimum: 1,
      maximum: 65435,
    },
    limits: {
      description: 'a mapping of limits',
      type: 'object',
      additionalProperties: false,
      properties: {
        bodyBytes: {
          description: 'bytes, 1024 to 16777216',
          type: 'integer',
          minimum: 1024,
          maximum: 16777216,
        },
        deadlineMs: {
          description: 'milliseconds, 100 to 600000',
          type: 'integer',
          minimum: 100,
          maximum: 600000,
        },
      },
    },
  },
} as const;
