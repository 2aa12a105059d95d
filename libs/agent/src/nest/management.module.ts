import {
  Catch,
  Controller,
  Get,
  Header,
  Inject,
  Module,
  Res,
  ServiceUnavailableException,
  type ArgumentsHost,
  type DynamicModule,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { HealthCheckService, TerminusModule, type HealthCheckResult } from '@nestjs/terminus';
import { MeshMetrics, type Logger } from '@mesh/observability';
import { LOGGER } from '@mesh/observability/nest';
import type { FastifyReply } from 'fastify';
import { HealthRegistry } from './health-registry.js';
import { ProblemFilter } from './problem.filter.js';

/** Probes and metrics, on a listener of their own: the mTLS port serves peers alone. */
@Controller()
export class ManagementController {
  constructor(
    @Inject(HealthCheckService) private readonly health: HealthCheckService,
    @Inject(HealthRegistry) private readonly registry: HealthRegistry,
    @Inject(MeshMetrics) private readonly metrics: MeshMetrics,
  ) {}

  /** The process answers. */
  @Get('health/live')
  @Header('cache-control', 'no-store')
  live(): Promise<HealthCheckResult> {
    return this.health.check([]);
  }

  /** The agent has an SVID and listens. */
  @Get('health/ready')
  @Header('cache-control', 'no-store')
  ready(): Promise<HealthCheckResult> {
    return this.health.check([...this.registry.readiness]);
  }

  /** Everything, with causes. */
  @Get('health')
  @Header('cache-control', 'no-store')
  all(): Promise<HealthCheckResult> {
    return this.health.check([...this.registry.readiness, ...this.registry.others]);
  }

  /** The same for the agent itself: a report that something is down is no failure. */
  async report(): Promise<HealthCheckResult> {
    try {
      return await this.all();
    } catch (error) {
      if (!(error instanceof ServiceUnavailableException)) throw error;
      return error.getResponse() as HealthCheckResult;
    }
  }

  @Get('metrics')
  async exposition(@Res() reply: FastifyReply): Promise<void> {
    await reply.type(this.metrics.contentType).send(await this.metrics.expose());
  }
}

/** Terminus carries the health report itself in its 503. */
@Catch()
export class ManagementFilter extends ProblemFilter {
  override catch(thrown: unknown, host: ArgumentsHost): void {
    if (!(thrown instanceof ServiceUnavailableException)) return super.catch(thrown, host);
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    void reply.status(503).send(thrown.getResponse());
  }
}

@Module({})
export class ManagementModule {
  static for(registry: HealthRegistry, metrics: MeshMetrics, logger: Logger): DynamicModule {
    return {
      module: ManagementModule,
      imports: [TerminusModule.forRoot({ logger: false })],
      controllers: [ManagementController],
      providers: [
        { provide: HealthRegistry, useValue: registry },
        { provide: MeshMetrics, useValue: metrics },
        { provide: LOGGER, useValue: logger },
        { provide: APP_FILTER, useClass: ManagementFilter },
      ],
    };
  }
}
