/** The names of the sample accounts: each is also the person's `sub` at this issuer, and the person's one role. */
export const SAMPLE_ACCOUNTS = ['analyst', 'reader', 'admin'] as const;
export type SampleAccountName = (typeof SAMPLE_ACCOUNTS)[number];

/** What a person can be granted, in words for the page that asks. */
export const SCOPES: Readonly<Record<string, string>> = {
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

export function isSampleAccount(name: string): name is SampleAccountName {
  return (SAMPLE_ACCOUNTS as readonly string[]).includes(name);
}

export function sampleAccount(name: string | undefined): SampleAccount | undefined {
  return name !== undefined && isSampleAccount(name) ? accounts[name] : undefined;
}
