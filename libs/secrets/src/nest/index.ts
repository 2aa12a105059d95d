export { SECRET_SOURCE, SecretsModule, type SecretsModuleOptions } from './secrets.module.js';
