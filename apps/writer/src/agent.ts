import { defineAgent } from '@mesh/agent/nest';
import { ModelHealthIndicator } from '@mesh/llm/nest';
import { WriterModule } from './writer.module.js';

export const agent = defineAgent({
  name: 'writer',
  listener: 'peers',
  module: (context) => WriterModule.for(context),
  health: (app) => [() => app.get(ModelHealthIndicator, { strict: false }).check('model')],
});
