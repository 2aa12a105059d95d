import { Module } from '@nestjs/common';
import { ErrorsController } from './errors/errors.controller.js';
import { ResearchController } from './research/research.controller.js';

@Module({ controllers: [ResearchController, ErrorsController] })
export class GatewayModule {}
