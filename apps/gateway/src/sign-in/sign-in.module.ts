import { Module, type DynamicModule, type OnModuleDestroy } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import type { AgentContext } from '@mesh/agent/nest';
import { assertAdmitted } from '@mesh/delegation/nest';
import { systemClock } from '@mesh/identity';
import { BrowserSessions } from './browser-sessions.js';
import { readClientKey } from './client-key.js';
import { IssuerClient } from './issuer-client.js';
import { LogoutTokens } from './logout-token.js';
import { PendingSignIns } from './pending-sign-ins.js';
import { SESSION_COOKIE, sessionCookieAt, signInCookieAt } from './session-cookie.js';
import { MemorySessionStore } from './session-store.js';
import { SignIn } from './sign-in.js';
import { SignInController } from './sign-in.controller.js';
import { SignInHealthIndicator } from './sign-in.health.js';

const MINUTE_MS = 60_000;

/** Sign-in by a browser, and the sessions that come of it. */
@Module({})
export class SignInModule implements OnModuleDestroy {
  constructor(private readonly sessions: BrowserSessions) {}

  static for(context: AgentContext): DynamicModule {
    const { accessTokens, config, directory, exchangePolicy, file, id, logger, secrets } = context;
    const clock = systemClock;
    const publicUrl = () => context.publicUrl;
    const sessionCookie = () => sessionCookieAt(publicUrl());
    const issuer = new IssuerClient(context.openIdIssuer, {
      // Who has no client of its own cannot sign anybody in.
      clientId: file.sessionClient ?? file.name,
      resource: config.audience(),
      scopes: [...directory.actionsBehind(file.name), ...config.sessionScope],
      publicUrl,
      key: () => readClientKey(secrets),
    });
    const sessions = new BrowserSessions({
      store: new MemorySessionStore(),
      issuer,
      accessTokens,
      cookie: sessionCookie,
      publicUrl,
      idleMs: config.sessionIdleMinutes * MINUTE_MS,
      maxMs: config.sessionMaxMinutes * MINUTE_MS,
      requestMs: file.limits.deadlineMs,
      clock,
      logger,
    });
    const signIn = new SignIn({
      issuer,
      pending: new PendingSignIns(clock),
      sessions,
      accessTokens,
      admit: (token) => assertAdmitted(token, 'session', id, exchangePolicy),
      publicUrl,
      signInCookie: () => signInCookieAt(publicUrl()),
      sessionCookie,
      cookieSeconds: config.sessionMaxMinutes * 60,
    });
    return {
      module: SignInModule,
      imports: [TerminusModule],
      controllers: [SignInController],
      providers: [
        SignInHealthIndicator,
        { provide: IssuerClient, useValue: issuer },
        { provide: BrowserSessions, useValue: sessions },
        { provide: SignIn, useValue: signIn },
        { provide: LogoutTokens, useValue: new LogoutTokens(issuer, clock) },
        { provide: SESSION_COOKIE, useValue: sessionCookie },
      ],
    };
  }

  onModuleDestroy(): void {
    this.sessions.close();
  }
}
