import { Module } from '@nestjs/common';
import { defineAgent } from '@mesh/agent/nest';
import { RunController } from './run.controller.js';

@Module({ controllers: [RunController] })
class OwnModule {}

export const agent = defineAgent({ name: 'example', listener: 'peers', module: () => OwnModule });
