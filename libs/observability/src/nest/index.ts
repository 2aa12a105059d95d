export { NestLogger } from './nest-logger.js';
export {
  LOGGER,
  ObservabilityModule,
  type ObservabilityModuleOptions,
} from './observability.module.js';
