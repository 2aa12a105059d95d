import type { MeDto } from '@mesh/contracts';

export const meExample: MeDto = {
  account: 'reader',
  issuer: 'http://127.0.0.1:4090',
  roles: ['reader'],
  scopes: ['openid', 'research:fast', 'draft:write'],
  depths: [
    { depth: 'fast', allowed: true },
    { depth: 'deep', allowed: false, missing: 'research:deep' },
  ],
  admin: false,
  clientId: 'mesh-gateway',
  userAuthentication: { acr: 'pwd', amr: ['pwd'], authTime: '2026-07-01T08:00:00.000Z' },
  session: { endsAt: '2026-07-01T16:00:00.000Z', idleEndsAt: '2026-07-01T09:30:00.000Z' },
};
