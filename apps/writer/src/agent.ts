import { defineAgent } from '@mesh/agent/nest';
import { WriterModule } from './writer.module.js';

export const agent = defineAgent({
  name: 'writer',
  listener: 'peers',
  module: (context) => WriterModule.for(context),
});
