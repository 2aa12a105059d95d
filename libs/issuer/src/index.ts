export type { AgentListenerOptions } from './agent-listener.js';
export { signInAs, type SignedIn, type SignInOptions } from './client/sign-in-as.js';
export {
  CLI_CLIENT_ID,
  CLI_REDIRECT_URI,
  SWAGGER_CLIENT_ID,
  SWAGGER_REDIRECT_PATH,
} from './clients.js';
export { EmbeddedIssuer, type EmbeddedIssuerOptions } from './embedded-issuer.js';
export type { IssuerLog } from './issuer-log.js';
export { IssuerError, SignInError, type IssuerErrorCode } from './issuer.error.js';
export { SAMPLE_ACCOUNTS, type SampleAccountName } from './sample-accounts.js';
export { SamplePasswords } from './sample-passwords.js';
export type { SessionClientOptions } from './session-client.js';
