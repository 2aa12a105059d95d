export { FileSecretSource, type FileSecretSourceOptions } from './file-secret-source.js';
export { ScopedSecretSource } from './scoped-secret-source.js';
export { Secret } from './secret.js';
export { SecretError, type SecretErrorCode } from './secret.error.js';
export type { SecretLease, SecretSource } from './secret-source.js';
export { SECRET_MAX_BYTES } from './secret-text.js';
