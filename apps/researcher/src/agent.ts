import { defineAgent } from '@mesh/agent/nest';
import { ResearcherModule } from './researcher.module.js';

export const agent = defineAgent({
  name: 'researcher',
  listener: 'peers',
  module: (context) => ResearcherModule.for(context),
});
