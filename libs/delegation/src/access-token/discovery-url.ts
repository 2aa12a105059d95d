/** Where the discovery document of an issuer is (OpenID Connect Discovery 1.0, section 4.1): a slash at its end is left out. */
export function discoveryUrl(issuer: string): string {
  return `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
}
