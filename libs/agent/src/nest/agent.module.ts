import { Module, type DynamicModule, type Provider, type Type } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, DiscoveryModule } from '@nestjs/core';
import {
  DELEGATION_RULES,
  DelegationGuard,
  SIGNED_IN_RULES,
  SignedInGuard,
} from '@mesh/delegation/nest';
import { CALLER_POLICY, CallerIdentityGuard, IdentityModule } from '@mesh/identity/nest';
import { ObservabilityModule } from '@mesh/observability/nest';
import { AnswerSigner } from '@mesh/signing';
import { ANSWERED_REQUESTS, SignResponseInterceptor } from '@mesh/signing/nest';
import type { AgentContext } from './agent-context.js';
import { AgentStatus } from './agent-status.js';
import { answeredRequests } from './answered-requests.js';
import { ContractGuard } from './contract.guard.js';
import { EventStreamInterceptor } from './event-stream.interceptor.js';
import { peerToken } from './inject-peer.js';
import { ProblemFilter } from './problem.filter.js';
import { RequestNonceGuard } from './request-nonce.guard.js';
import { STATUS, StatusController } from './status.controller.js';
import { AGENT_CONTEXT } from './tokens.js';

/** What every agent's application is made of. The order of the list is the order in which a request passes. */
const PIPELINE: Provider[] = [
  { provide: APP_GUARD, useClass: ContractGuard },
  { provide: APP_GUARD, useClass: SignedInGuard },
  { provide: APP_GUARD, useClass: CallerIdentityGuard },
  { provide: APP_GUARD, useClass: DelegationGuard },
  { provide: APP_GUARD, useClass: RequestNonceGuard },
  { provide: APP_INTERCEPTOR, useClass: EventStreamInterceptor },
  { provide: APP_INTERCEPTOR, useClass: SignResponseInterceptor },
  { provide: APP_FILTER, useClass: ProblemFilter },
];

@Module({})
export class AgentModule {
  static for(context: AgentContext, app: DynamicModule | Type, status: AgentStatus): DynamicModule {
    const peers = context.directory.peersOf(context.name);
    const surroundings: Provider[] = [
      { provide: AGENT_CONTEXT, useValue: context },
      { provide: CALLER_POLICY, useValue: context.callers },
      { provide: DELEGATION_RULES, useValue: context.delegationRules() },
      { provide: SIGNED_IN_RULES, useValue: context.signedInRules() },
      { provide: AgentStatus, useValue: status },
      { provide: AnswerSigner, useValue: context.answers },
      { provide: ANSWERED_REQUESTS, useValue: answeredRequests },
      ...peers.map((peer) => ({ provide: peerToken(peer), useFactory: () => context.peer(peer) })),
    ];
    return {
      module: AgentModule,
      global: true,
      imports: [
        DiscoveryModule,
        IdentityModule.register({ source: context.identity }),
        ObservabilityModule.register({ logger: context.logger, metrics: context.metrics }),
        app,
      ],
      controllers: context.file.actions.has(STATUS.action) ? [StatusController] : [],
      providers: [...surroundings, ...PIPELINE],
      exports: surroundings,
    };
  }
}
