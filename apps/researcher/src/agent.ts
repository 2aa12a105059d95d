import { defineAgent } from '@mesh/agent/nest';
import { SearchHealthIndicator } from '@mesh/search/nest';
import { ResearcherModule } from './researcher.module.js';

export const agent = defineAgent({
  name: 'researcher',
  listener: 'peers',
  module: (context) => ResearcherModule.for(context),
  health: (app) => {
    const search = app.get(SearchHealthIndicator, { strict: false });
    return [() => search.check('search')];
  },
});
