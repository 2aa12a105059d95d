import type OidcProvider from 'oidc-provider';
import type { errors as OidcErrors } from 'oidc-provider';
// Not by the package's main file: on a Node that is no LTS release yet that one prints a warning, past any log.
// @ts-expect-error -- the package's types know its main file alone
import * as errorsFile from 'oidc-provider/lib/helpers/errors.js';
// @ts-expect-error -- likewise
import * as providerFile from 'oidc-provider/lib/provider.js';

export const Provider = (providerFile as { Provider: typeof OidcProvider }).Provider;
export const errors = errorsFile as typeof OidcErrors;
