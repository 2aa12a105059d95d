import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { defineAgent } from '@mesh/agent/nest';
import { GatewayModule } from './gateway.module.js';

export const agent = defineAgent({
  name: 'gateway',
  listener: 'people',
  module: () => GatewayModule,
  configure: (app) => {
    const document = new DocumentBuilder()
      .setTitle('Zero Trust AI Agent Mesh')
      .setDescription('Ask a question; every hop behind this gateway is mutually authenticated.')
      .setVersion('1')
      .build();
    SwaggerModule.setup('docs', app, () => SwaggerModule.createDocument(app, document), {
      jsonDocumentUrl: 'openapi.json',
    });
  },
});
