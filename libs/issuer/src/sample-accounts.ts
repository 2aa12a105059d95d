/** The names of the sample accounts: each is also the person's `sub` at this issuer, and the person's one role. */
export const SAMPLE_ACCOUNTS = ['analyst', 'reader', 'admin'] as const;
export type SampleAccountName = (typeof SAMPLE_ACCOUNTS)[number];

/** What the samples can be granted, in words for the page that asks. */
const SCOPES: Readonly<Record<string, string>> = {
  'research:fast': 'Fast research',
  'research:deep': 'Deep research',
  'draft:write': 'Have an answer written',
  'audit:read': 'Read the audit trail',
};

export interface SampleAccount {
  readonly name: SampleAccountName;
  readonly roles: readonly string[];
  /** No token of this person holds another one, whatever a client asks for. */
  readonly scopes: readonly string[];
}

const accounts: Readonly<Record<SampleAccountName, SampleAccount>> = {
  analyst: {
    name: 'analyst',
    roles: ['analyst'],
    scopes: ['research:fast', 'research:deep', 'draft:write'],
  },
  reader: { name: 'reader', roles: ['reader'], scopes: ['research:fast', 'draft:write'] },
  admin: { name: 'admin', roles: ['admin'], scopes: Object.keys(SCOPES) },
};

/** What people can be granted at one issuer: what the samples have, and what the agents of its mesh add. */
export class Scopes {
  /** @param added Of the agents, with the roles of those who may have it. What the samples have stays as it is. */
  constructor(private readonly added: Readonly<Record<string, readonly string[]>> = {}) {}

  names(): readonly string[] {
    return [...new Set([...Object.keys(SCOPES), ...Object.keys(this.added)])];
  }

  has(scope: string): boolean {
    return Object.hasOwn(SCOPES, scope) || Object.hasOwn(this.added, scope);
  }

  isFor({ scopes, roles }: SampleAccount, scope: string): boolean {
    if (Object.hasOwn(SCOPES, scope)) return scopes.includes(scope);
    return this.has(scope) && roles.some((role) => this.added[scope]!.includes(role));
  }

  inWords(scope: string): string {
    return Object.hasOwn(SCOPES, scope) ? SCOPES[scope]! : scope;
  }
}

export function isSampleAccount(name: string): name is SampleAccountName {
  return (SAMPLE_ACCOUNTS as readonly string[]).includes(name);
}

export function sampleAccount(name: string | undefined): SampleAccount | undefined {
  return name !== undefined && isSampleAccount(name) ? accounts[name] : undefined;
}
