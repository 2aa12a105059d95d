import { SecretError } from './secret.error.js';

const NAME = /^[a-z][a-z0-9-]{0,63}$/;

/** True for 1 to 64 of a-z, 0-9 and hyphen, a letter first. */
export function isSecretName(name: string): boolean {
  return NAME.test(name);
}

/** Throws `ERR_SECRET_NAME_INVALID`, without the text: it may be a key, typed in the place of the name. */
export function checkSecretName(name: string): void {
  if (!isSecretName(name)) {
    throw new SecretError(
      'ERR_SECRET_NAME_INVALID',
      'The name of a secret is 1 to 64 of a-z, 0-9 and hyphen, a letter first.',
    );
  }
}
