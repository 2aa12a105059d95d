import { defineAgent } from '@mesh/agent/nest';
import { RunController } from './run.controller.js';

export const agent = defineAgent({
  name: 'example',
  listener: 'peers',
  module: () => ({ module: class OwnModule {}, controllers: [RunController] }),
});
