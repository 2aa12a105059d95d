import type { Socket } from 'node:net';
import type { RequestListener } from 'node:http';
import 'reflect-metadata';
import { HttpService } from '@nestjs/axios';
import { NestFactory, DiscoveryService } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { HealthIndicatorFunction } from '@nestjs/terminus';
import {
  authorizeAny,
  createMtlsServer,
  pickById,
  SpiffeId,
  X509Source,
  type X509SourceLog,
} from '@mesh/identity';
import { People } from '@mesh/delegation/nest';
import { IdentityHealthIndicator } from '@mesh/identity/nest';
import {
  currentContext,
  MeshMetrics,
  runAsAgent,
  type AgentIdentity,
  type LogEvent,
  type Logger,
} from '@mesh/observability';
import { NestLogger } from '@mesh/observability/nest';
import { PolicyHealthIndicator } from '@mesh/resilience/nest';
import { ScopedSecretSource, type SecretSource } from '@mesh/secrets';
import { recordEgress, recordOf } from '@mesh/signing';
import axios, { type AxiosInstance } from 'axios';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { AgentDirectory } from '../agent-file/agent-directory.js';
import type { MeshConfig } from '../config/config.js';
import { portVariables } from '../config/settings.js';
import type { IssuerAddress } from '../pipeline/issuer-documents.js';
import { AgentContext, type Progress } from './agent-context.js';
import type { AgentDefinition } from './agent-definition.js';
import { AgentModule } from './agent.module.js';
import { AgentStatus } from './agent-status.js';
import { HealthRegistry } from './health-registry.js';
import { listen, originOf } from './listen.js';
import { startManagement } from './management.js';
import { HEADER_BYTES, listenerOptions, passExpectations, RECEIVE_MS } from './listener-options.js';
import { PeopleServer } from './people-server.js';
import { isSecure, peopleTls, publicHostOf } from './people-tls.js';
import { RateLimits } from './rate-limits.js';
import { RequestHooks } from './request-hooks.js';
import { isForPeople, RouteTable } from './route-table.js';

/** How long a stopping agent lets running requests finish, in milliseconds. */
const STOP_MS = 5_000;

export interface StartOptions {
  readonly config: MeshConfig;
  readonly directory: AgentDirectory;
  readonly logger: Logger;
  readonly secrets: SecretSource;
  /** Socket of the Workload API. */
  readonly workloadApi: string;
  /** Base URL of another agent. Default: from the configuration. */
  readonly peerUrl?: (name: string) => string;
  /** The OpenID issuer that people sign in at. Default: from the configuration. */
  readonly issuer?: IssuerAddress;
  /** Listen on any free port instead of the configured ones. */
  readonly anyPort?: boolean;
  readonly onProgress?: (progress: Progress) => void;
  /** Ends the start: the wait for the first SVID and the agent's own preparations. */
  readonly signal?: AbortSignal;
}

export interface RunningAgent {
  readonly name: string;
  readonly spiffeId: string;
  readonly url: string;
  readonly managementUrl: string;
  readonly app: NestFastifyApplication;
  /** Stops in order: no new requests, streams aborted, idle connections closed, after 5 s all of them. */
  close(): Promise<void>;
}

/**
 * Starts one agent: management listener, identity, application, listener. Waits for the first SVID as long as it
 * takes; until then the agent is live and not ready.
 * @throws PortInUseError, ConfigError, AgentFileError, and what the agent's module throws.
 */
export function startAgent(
  definition: AgentDefinition,
  options: StartOptions,
): Promise<RunningAgent> {
  const spiffeId = options.directory.spiffeIdOf(definition.name);
  return runAsAgent({ agent: definition.name, spiffeId: spiffeId.toString() }, () =>
    start(definition, spiffeId, options),
  );
}

async function start(
  definition: AgentDefinition,
  spiffeId: SpiffeId,
  options: StartOptions,
): Promise<RunningAgent> {
  const { config, directory, logger, signal = new AbortController().signal } = options;
  const { name } = definition;
  const file = directory.get(name);
  const host = config.bind;
  const people = definition.listener === 'people';
  const files = people ? peopleTls(config, name) : undefined;
  const self = { agent: name, spiffeId: spiffeId.toString() };
  const metrics = new MeshMetrics();
  const health = new HealthRegistry();
  const undo: (() => Promise<void> | void)[] = [];
  const rollBack = async () => {
    // Each is undone, whatever the others do: what is wrong is told by the error that led here.
    for (const step of undo.reverse()) await Promise.resolve(step()).catch(() => undefined);
  };

  try {
    let started = false;
    const listening: HealthIndicatorFunction = () => ({
      listener: { status: started ? 'up' : 'down' },
    });
    health.readiness.push(listening);
    const management = await startManagement(
      health,
      metrics,
      host,
      options.anyPort ? 0 : config.managementPort(name, directory),
      portVariables(name).managementPort,
      logger,
    );
    undo.push(() => management.close());

    const source = X509Source.open({
      address: options.workloadApi,
      picker: pickById(spiffeId),
      metrics: { rotated: () => metrics.rotation() },
      log: sourceLog(logger),
    });
    undo.push(() => source.close());
    const identity = new IdentityHealthIndicator(source, management.indicators);
    health.readiness.push(() => identity.check('identity'));
    await source.ready({ signal });
    const context = new AgentContext(
      file,
      directory,
      config,
      source,
      new ScopedSecretSource(options.secrets, file.secrets),
      logger,
      metrics,
      options.peerUrl ?? ((peer) => config.peerUrl(peer, directory)),
      options.onProgress ?? (() => undefined),
      signal,
      options.issuer ?? config.issuer(),
    );
    undo.push(() => context.close());
    metrics.watchSvid(() => source.snapshot?.svid.notAfter);

    const status = new AgentStatus(context, () => management.health());
    const server = people
      ? new PeopleServer({ files, host: publicHostOf(config.publicUrl), logger })
      : undefined;
    undo.push(() => server?.close());
    const { app, hooks } = await createApp(definition, context, self, status, server);
    undo.push(() => app.close());
    await definition.configure?.(app, context);
    const breakers = new PolicyHealthIndicator(management.indicators);
    health.others.push(
      ...(definition.health?.(app) ?? []),
      ...(server?.health(management.indicators) ?? []),
      () => breakers.check('breakers', context.policies()),
    );
    signal.throwIfAborted();
    const port = await listen(
      app,
      host,
      options.anyPort ? 0 : config.port(name, directory),
      portVariables(name).port,
    );
    context.listens(port);
    started = true;
    const url = originOf(people && !files ? 'http' : 'https', host, port);
    logger.info({ event: 'agent.ready', url }, `${name} serves`);

    const close = async () => {
      started = false;
      // Before Nest, which closes what handlers use before it closes the listener.
      await hooks.open.stop(app.getHttpServer(), STOP_MS);
      await app.close();
      server?.close();
      await context.close();
      source.close();
      await management.close();
      logger.info({ event: 'agent.stopped' }, `${name} is closed`);
    };
    let closing: Promise<void> | undefined;
    return {
      name,
      spiffeId: spiffeId.toString(),
      url,
      managementUrl: management.url,
      app,
      close: () => (closing ??= runAsAgent(self, close)),
    };
  } catch (error) {
    await rollBack();
    throw error;
  }
}

async function createApp(
  definition: AgentDefinition,
  context: AgentContext,
  agent: AgentIdentity,
  status: AgentStatus,
  server: PeopleServer | undefined,
): Promise<{ app: NestFastifyApplication; hooks: RequestHooks }> {
  const { config, file, logger, metrics } = context;
  // Fastify wants them before there are routes; no request comes before they are there.
  const late: { hooks?: RequestHooks } = {};
  const adapter = new FastifyAdapter({
    ...listenerOptions(file.limits.bodyBytes),
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) =>
      late.hooks?.unroutable(error, request, reply),
    clientErrorHandler: (error: NodeJS.ErrnoException, socket: Socket) =>
      late.hooks?.unparsed(error, socket),
    serverFactory: server?.create ?? mtlsServerFactory(context),
  });
  const app = await NestFactory.create<NestFastifyApplication>(
    AgentModule.for(context, await definition.module(context), status),
    adapter,
    { bufferLogs: true, abortOnError: false, bodyParser: false },
  );
  app.useLogger(app.get(NestLogger));
  app.flushLogs();
  const fastify = app.getHttpAdapter().getInstance();
  // JSON is the one body there is; Fastify would take text as well.
  fastify.removeContentTypeParser('text/plain');
  const discovery = app.get(DiscoveryService, { strict: false });
  recordOutsideCalls(discovery);
  const routes = new RouteTable(discovery);
  checkDeclarations(routes, context);
  const hosts = server && config.hosts(context.name);
  const hooks = (late.hooks = new RequestHooks({
    agent,
    deadlineMs: file.limits.deadlineMs,
    hosts,
    secure: hosts !== undefined && isSecure(config),
    limits: hosts && (await RateLimits.open(fastify, config)),
    peers: hosts ? undefined : context.callers,
    publicPaths: definition.publicPaths ?? [],
    people: hasSignedIn(routes)
      ? new People(
          context.id,
          context.accessTokens,
          context.exchangePolicy,
          definition.sessions?.(app),
        )
      : undefined,
    routes,
    refusals: context.refusals,
    logger,
    metrics,
  }));
  hooks.install(fastify);
  passExpectations(app.getHttpServer());
  return { app, hooks };
}

/**
 * What a route declares in code and what stands in agent.yaml must agree on what needs a delegation; and there must be
 * who issues tokens.
 * @throws AgentFileError
 */
function checkDeclarations(routes: RouteTable, { directory, file, name }: AgentContext): void {
  for (const { declaration } of routes.all()) {
    if (declaration?.kind !== 'action' && declaration?.kind !== 'signed-in') continue;
    const delegated = declaration.kind === 'signed-in' || declaration.delegated;
    if (delegated && directory.tokenService === undefined) {
      throw file.fault(
        ['name'],
        'has routes that need a delegation, and no agent.yaml declares a token service (callers: delegates)',
      );
    }
    if (declaration.kind === 'signed-in') continue;
    const other = declaration.names.find(
      (action) => file.actions.has(action) && directory.isDelegated(name, action) !== delegated,
    );
    if (other === undefined) continue;
    throw file.fault(
      ['actions', other],
      delegated
        ? 'is delegated: false, and the route that serves it is not'
        : 'is served by a route with delegated: false, and wants it too',
    );
  }
}

/**
 * Every call to the outside by `HttpService` is noted in the statement of the request that it is made for.
 * @throws TypeError for the client that all of the process share: it cannot be told whose calls they are
 */
function recordOutsideCalls(discovery: DiscoveryService): void {
  const clients = new Set<AxiosInstance>();
  for (const { instance } of discovery.getProviders()) {
    if (instance instanceof HttpService) clients.add(instance.axiosRef);
  }
  for (const client of clients) {
    if (client === axios) throw new TypeError('Import HttpModule.register({}), not HttpModule.');
    recordEgress(client, () => {
      const context = currentContext();
      return context && recordOf(context);
    });
  }
}

function hasSignedIn(routes: RouteTable): boolean {
  return routes.all().some(({ declaration }) => isForPeople(declaration));
}

function mtlsServerFactory({ identity, onHandshake }: AgentContext) {
  return (handler: (...args: never[]) => unknown) =>
    createMtlsServer(
      identity,
      identity,
      // Any workload of a trust domain we hold a bundle of may shake hands: who may call what is decided route by
      // route, from agent.yaml, so that a stranger gets an answer that says so.
      authorizeAny(),
      {
        maxHeaderBytes: HEADER_BYTES,
        headersTimeoutMs: RECEIVE_MS,
        requestTimeoutMs: RECEIVE_MS,
        log: onHandshake,
      },
      handler as RequestListener,
    );
}

/** The source's lines in the log's schema. */
function sourceLog(logger: Logger): X509SourceLog {
  const write =
    (level: 'info' | 'warn', event: LogEvent) =>
    ({ times, retry_in_ms, rotations, ...fields }: Record<string, unknown>, message: string) =>
      logger[level](
        { event, ...fields, count: times ?? rotations, delay_ms: retry_in_ms },
        message,
      );
  return {
    info: write('info', 'svid.received'),
    warn: write('warn', 'workload-api'),
  };
}
