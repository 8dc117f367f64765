/** One hardened fastify app, the same under every role: limits, time-outs, raw bodies, coded errors, documents, logs. */
import { randomUUID } from 'node:crypto';
import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { type FastifyHttpOptions, fastify, LogController } from 'fastify';
import type { App } from './app-type.ts';
import { takeRawBodies } from './body.ts';
import { answerClientError } from './client-error.ts';
import { type AppLimits, DEFAULT_LIMITS } from './limits.ts';
import { refuseWhenStopping } from './listen.ts';
import { type ApiDescription, documentRoutes } from './openapi.ts';
import { protect } from './protection.ts';
import { answerErrors, refuse } from './refusal.ts';
import { logRequests } from './request-log.ts';
import { compileCheck } from './validation.ts';

export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace';

export interface AppOptions {
  /** Title, description and version of the role's API document. */
  readonly api: ApiDescription;
  /** Limits that differ from DEFAULT_LIMITS. */
  readonly limits?: Partial<AppLimits>;
  /** Structured logs, one JSON object a line; `false` for none. Default: level info to standard output. */
  readonly log?: LogOptions | false;
  /** Addresses of proxies whose X-Forwarded-For is believed, for the rate limit. Default: none. */
  readonly trustedProxies?: readonly string[];
}

export interface LogOptions {
  readonly level: LogLevel;
  /** Facts that every line carries, such as the role and its name. */
  readonly base?: Readonly<Record<string, string>>;
  readonly stream?: { write(line: string): void };
}

/**
 * Gives an app with everything but the role's own routes. Add them directly to it: request bodies arrive as bytes
 * (`bodyOf`), an AttestryError thrown by a handler becomes its coded answer.
 */
export async function createApp(options: AppOptions): Promise<App> {
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const responses = new WeakMap<Socket, ServerResponse>();
  const app: App = fastify({
    ...serverOptions(options, limits),
    clientErrorHandler: (error, socket) =>
      answerClientError(error, { socket, response: responses.get(socket), log: app.log }),
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.server.on('request', (request, response) => responses.set(request.socket, response));
  app.server.maxConnections = limits.maxConnections;
  takeRawBodies(app);
  app.setValidatorCompiler(compileCheck);
  // Schemas of responses document them; a serializer made from them would silently drop what they do not name.
  app.setSerializerCompiler(() => JSON.stringify);
  refuseWhenStopping(app);
  logRequests(app);
  await protect(app, limits);
  answerErrors(app);
  await documentRoutes(app, options.api);
  return app;
}

function serverOptions(options: AppOptions, limits: AppLimits): FastifyHttpOptions<Server> {
  return {
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    connectionTimeout: limits.inactivityTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    maxRequestsPerSocket: limits.maxRequestsPerSocket,
    forceCloseConnections: 'idle',
    // Its answer to requests during closing has a shape of its own; refuseWhenStopping has ours.
    return503OnClosing: false,
    http: {
      connectionsCheckingInterval: limits.checkIntervalMs,
      headersTimeout: Math.min(limits.headersTimeoutMs, limits.requestTimeoutMs),
      maxHeaderSize: limits.headerBytes,
      insecureHTTPParser: false,
    },
    routerOptions: { maxParamLength: limits.pathParameterLength },
    trustProxy: options.trustedProxies === undefined ? false : [...options.trustedProxies],
    genReqId: () => randomUUID(),
    logController: new LogController({ disableRequestLogging: true }),
    logger: loggerOptions(options.log),
    // Whoever writes a line names its request: to make a logger for each request costs more than to route it.
    childLoggerFactory: (logger) => logger,
    frameworkErrors: refuse,
  };
}

function loggerOptions(log: AppOptions['log'] = { level: 'info' }): FastifyLogger {
  if (log === false) return false;
  const { level, base = {}, stream } = log;
  return { level, base: { ...base }, ...(stream === undefined ? {} : { stream }) };
}

type FastifyLogger = NonNullable<FastifyHttpOptions<Server>['logger']>;
