/** /healthz for those who watch a node, /metrics for those who measure it. Both answer however busy the node is. */
import { collectDefaultMetrics, Histogram, type Registry } from 'prom-client';
import { Type } from '../typebox.ts';
import type { App } from './app-type.ts';
import { ALWAYS_ANSWERED } from './protection.ts';

interface HealthCheck {
  readonly ok: boolean;
  /** What was found, in a few words. It is public. */
  readonly detail: string;
}

export interface Health {
  readonly ok: boolean;
  readonly checks: Readonly<Record<string, HealthCheck>>;
}

export interface HealthOptions {
  readonly health: () => Health | Promise<Health>;
  /** Holds the role's own metrics; the process's and the requests' are added to it. */
  readonly registry: Registry;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Keeps a route out of the durations of requests: one that stays open has none. */
    unmeasured?: boolean;
  }
}

const HEALTH_SCHEMA = Type.Object({
  ok: Type.Boolean(),
  checks: Type.Record(Type.String(), Type.Object({ ok: Type.Boolean(), detail: Type.String() })),
});

/** Adds GET /healthz (200 when ok, else 503, with every check) and GET /metrics (Prometheus text). */
export function addHealthRoutes(app: App, { health, registry }: HealthOptions): void {
  const schema = { tags: ['operation'] };
  app.get(
    '/healthz',
    {
      config: ALWAYS_ANSWERED,
      schema: {
        ...schema,
        summary: 'Whether the node does its work',
        response: { 200: HEALTH_SCHEMA, 503: HEALTH_SCHEMA },
      },
    },
    async (_request, reply) => {
      const report = await health();
      return reply
        .code(report.ok ? 200 : 503)
        .header('cache-control', 'no-store')
        .send(report);
    },
  );
  measureRequests(app, registry);
  collectDefaultMetrics({ register: registry });
  app.get(
    '/metrics',
    {
      config: ALWAYS_ANSWERED,
      schema: { ...schema, summary: 'Metrics in Prometheus text format' },
    },
    async (_request, reply) =>
      reply
        .header('content-type', registry.contentType)
        .header('cache-control', 'no-store')
        .send(await registry.metrics()),
  );
}

function measureRequests(app: App, registry: Registry): void {
  const durations = new Histogram({
    name: 'attestry_http_request_seconds',
    help: 'Time from the arrival of a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10],
    registers: [registry],
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { url, config } = request.routeOptions;
    // Labels come from the routes, not from the request: a client must not be able to make new ones.
    const method = url === undefined ? 'none' : request.method;
    if (config.unmeasured !== true) {
      const labels = { method, route: url ?? 'none', status: reply.statusCode };
      durations.observe(labels, reply.elapsedTime / 1000);
    }
    done();
  });
}
