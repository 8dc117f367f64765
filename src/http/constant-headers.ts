/**
 * The headers that every answer carries. Two libraries say which; since nothing of them depends on the request, they are
 * asked once, at the start, and not for each request: that would double what a small request costs.
 */
import cors, { type FastifyCorsOptions } from '@fastify/cors';
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet';
import { fastify } from 'fastify';
import type { App } from './app-type.ts';

/** What a browser may do with an answer. */
export const SECURITY: FastifyHelmetOptions = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: { defaultSrc: ["'none'"], frameAncestors: ["'none'"] },
  },
  // Everything served is public and checked by its reader; a browser on any page may load it.
  crossOriginResourcePolicy: { policy: 'cross-origin' },
  // Whether a host name is HTTPS only is for the proxy that holds its certificate to say.
  strictTransportSecurity: false,
};

/** Who may read it: pages of every origin. */
export const READERS: FastifyCorsOptions = {
  origin: '*',
  methods: ['GET', 'HEAD'],
  exposedHeaders: ['retry-after', 'x-request-id'],
  strictPreflight: false,
};

/** Sets the headers on every answer of the app, and answers what browsers ask before a request (OPTIONS). */
export async function setConstantHeaders(app: App): Promise<void> {
  const headers = await askLibraries();
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(headers);
    done();
  });
  // In a scope of its own, its hook runs before its own route alone, which takes every OPTIONS request.
  await app.register(async (scope: App) => {
    await scope.register(cors, READERS);
  });
}

async function askLibraries(): Promise<Record<string, string>> {
  const app = fastify();
  await app.register(helmet, SECURITY);
  await app.register(cors, READERS);
  app.get('/', async (_request, reply) => reply.getHeaders());
  const headers = (await app.inject('/')).json<Record<string, string>>();
  await app.close();
  return headers;
}
