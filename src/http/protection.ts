/** What stands in front of every route: security headers, readability from other origins, load shedding, rate limit. */
import rateLimit from '@fastify/rate-limit';
import underPressure from '@fastify/under-pressure';
import type { FastifyContextConfig } from 'fastify';
import { AttestryError } from '../errors.ts';
import type { App } from './app-type.ts';
import { setConstantHeaders } from './constant-headers.ts';
import type { AppLimits } from './limits.ts';

// How long refused clients are told to stay away when the process is overloaded.
const OVERLOAD_RETRY_SECONDS = 5;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Replaces the load shedder's refusal on a route (read by @fastify/under-pressure). */
    pressureHandler?: () => void;
  }
}

/** Route config of what must answer even when the node refuses all else: health and metrics. */
export const ALWAYS_ANSWERED: FastifyContextConfig = {
  rateLimit: false,
  pressureHandler: () => undefined,
};

export async function protect(app: App, limits: AppLimits): Promise<void> {
  await setConstantHeaders(app);
  await app.register(underPressure, {
    maxEventLoopDelay: limits.maxEventLoopDelayMs,
    maxHeapUsedBytes: limits.maxHeapUsedBytes,
    pressureHandler: refuseOverload,
  });
  if (limits.requestsPerWindow > 0) await limitRate(app, limits);
}

async function limitRate(app: App, limits: AppLimits): Promise<void> {
  await app.register(rateLimit, {
    max: limits.requestsPerWindow,
    timeWindow: limits.rateWindowMs,
    // Tiles are cached by others: their headers must not speak of one reader's share.
    addHeadersOnExceeding: {
      'x-ratelimit-limit': false,
      'x-ratelimit-remaining': false,
      'x-ratelimit-reset': false,
    },
    errorResponseBuilder: (_request, { max, ttl }) => {
      const message = `Expected at most ${max} requests per ${limits.rateWindowMs} ms from one address; try again after Retry-After.`;
      const details = { retryAfterSeconds: Math.max(1, Math.ceil(ttl / 1000)) };
      return new AttestryError('RATE_LIMITED', message, { details });
    },
  });
}

async function refuseOverload(): Promise<never> {
  throw new AttestryError('QUEUE_FULL', 'The node is overloaded; try again after Retry-After.', {
    details: { retryAfterSeconds: OVERLOAD_RETRY_SECONDS },
  });
}
