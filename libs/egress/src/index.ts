export { EgressError } from './egress.error.js';
export { assertDeclaredHost, parseProviderUrl, PROVIDER_URL } from './provider-url.js';
