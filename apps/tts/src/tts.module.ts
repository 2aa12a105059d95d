import { Module, type DynamicModule } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { AgentContext } from '@mesh/agent/nest';
import { Pseudonyms, TokenService } from '@mesh/delegation';
import { IssuerHealthIndicator } from './issuer.health.js';
import { pseudonymKey } from './pseudonym-key.js';
import { TokenController } from './token/token.controller.js';

@Module({})
export class TtsModule {
  /** @throws PseudonymKeyError, SecretError: without the key of the pseudonyms nothing is issued. */
  static async for(context: AgentContext): Promise<DynamicModule> {
    const { accessTokens, config, directory, exchangePolicy, identity, name } = context;
    const service = new TokenService(
      directory.spiffeIdOf(name),
      identity,
      identity,
      accessTokens,
      exchangePolicy,
      new Pseudonyms(await pseudonymKey(context.secrets, context.signal)),
      {
        lifetimeSeconds: config.txnTokenTtlSeconds,
        maxActors: config.txnTokenMaxActors,
      },
    );
    return {
      module: TtsModule,
      imports: [TerminusModule],
      controllers: [TokenController],
      providers: [IssuerHealthIndicator, { provide: TokenService, useValue: service }],
    };
  }
}
