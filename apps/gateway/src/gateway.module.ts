import { Module } from '@nestjs/common';
import { ErrorsController } from './errors/errors.controller.js';
import { ResearchController } from './research/research.controller.js';
import { StartController } from './start/start.controller.js';
import { TrustController } from './trust/trust.controller.js';

@Module({ controllers: [StartController, ResearchController, TrustController, ErrorsController] })
export class GatewayModule {}
