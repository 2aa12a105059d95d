import { defineAgent } from '@mesh/agent/nest';
import { IssuerHealthIndicator } from './issuer.health.js';
import { takeForms } from './token/take-forms.js';
import { TtsModule } from './tts.module.js';

export const agent = defineAgent({
  name: 'tts',
  listener: 'peers',
  module: (context) => TtsModule.for(context),
  configure: takeForms,
  health: (app) => [() => app.get(IssuerHealthIndicator, { strict: false }).check('issuer')],
});
