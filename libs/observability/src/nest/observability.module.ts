import { Module, type DynamicModule } from '@nestjs/common';
import { LoggerModule } from 'nestjs-pino';
import type { Logger } from '../logger.js';
import { MeshMetrics } from '../mesh-metrics.js';
import { NestLogger } from './nest-logger.js';

/** Injection token of the process's {@link Logger}. */
export const LOGGER = Symbol('mesh.logger');

export interface ObservabilityModuleOptions {
  /** The process's logger; nestjs-pino keeps the first one it is given. */
  readonly logger: Logger;
  /** The agent's metrics. Default: new ones. */
  readonly metrics?: MeshMetrics;
}

/**
 * Provides {@link LOGGER}, {@link MeshMetrics} and {@link NestLogger} to one agent's application, and nestjs-pino's
 * `PinoLogger` on the same instance.
 */
@Module({})
export class ObservabilityModule {
  static register(options: ObservabilityModuleOptions): DynamicModule {
    return {
      module: ObservabilityModule,
      global: true,
      imports: [
        LoggerModule.forRoot({
          // wrapSerializers would bring pino-http's own for errors, requests and responses: they log headers.
          pinoHttp: { logger: options.logger, autoLogging: false, wrapSerializers: false },
          // No middleware: it would make a child logger with the request's headers for each request.
          forRoutes: [],
        }),
      ],
      providers: [
        { provide: LOGGER, useValue: options.logger },
        { provide: MeshMetrics, useValue: options.metrics ?? new MeshMetrics() },
        NestLogger,
      ],
      exports: [LOGGER, MeshMetrics, NestLogger],
    };
  }
}
