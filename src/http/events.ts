/** Server-sent events (WHATWG HTML, section 9.2): a bounded number of subscribers, none of whom can make the node wait. */
import type { FastifyReply } from 'fastify';
import type { Json } from '../core/bytes/json.ts';
import { AttestryError } from '../errors.ts';
import type { App } from './app-type.ts';

export interface ServerEvent {
  /** Comes back as `lastEventId` when the subscriber reconnects. One line. */
  readonly id?: string;
  /** The kind of event. One line. */
  readonly event: string;
  readonly data: Json;
}

/** Starts the flow of events to one listener; `lastEventId` is the client's word. Gives the function that ends it. */
type Subscribe = (
  listener: (event: ServerEvent) => void,
  lastEventId: string | undefined,
) => () => void;

export interface EventRouteOptions {
  readonly subscribe: Subscribe;
  /** One sentence for the API document. */
  readonly summary: string;
  /** Further subscribers are refused with QUEUE_FULL. Default: 100. */
  readonly maxSubscribers?: number;
  /** A subscriber that lets more than this pile up is dropped; it reconnects with its last id. Default: 256 KiB. */
  readonly maxBufferedBytes?: number;
  /** Comment lines at this interval keep proxies and dead connections honest. Default: 15 s. */
  readonly heartbeatMs?: number;
}

const MAX_SUBSCRIBERS = 100;
const MAX_BUFFERED_BYTES = 256 * 1024;
const HEARTBEAT_MS = 15_000;
const FULL_RETRY_SECONDS = 10;

/** Adds a GET route that streams events until the client leaves, falls behind, or the app closes. */
export function addEventRoute(app: App, path: string, options: EventRouteOptions): void {
  const { maxSubscribers = MAX_SUBSCRIBERS, maxBufferedBytes = MAX_BUFFERED_BYTES } = options;
  const streams = new Set<EventStream>();
  keepAlive(app, streams, options.heartbeatMs ?? HEARTBEAT_MS);
  const schema = { summary: options.summary, produces: ['text/event-stream'] };
  const config = { unmeasured: true };
  app.get(path, { config, schema, exposeHeadRoute: false }, (request, reply) => {
    if (streams.size >= maxSubscribers) throw tooMany(maxSubscribers);
    // A client that left already would never be removed again.
    if (reply.raw.destroyed) return;
    const stream = openStream(reply, maxBufferedBytes);
    streams.add(stream);
    reply.raw.once('close', () => streams.delete(stream));
    try {
      const lastEventId = request.headers['last-event-id']?.toString();
      const listener = (event: ServerEvent): void => stream.write(formatEvent(event));
      reply.raw.once('close', options.subscribe(listener, lastEventId));
    } catch (error) {
      // The answer has begun, so no coded error can follow: the client sees the stream end and comes back.
      request.log.error({ reqId: request.id, err: error }, 'failed');
      stream.end();
    }
  });
}

function keepAlive(app: App, streams: ReadonlySet<EventStream>, heartbeatMs: number): void {
  const heartbeat = setInterval(() => {
    for (const stream of streams) stream.write(': alive\n\n');
  }, heartbeatMs);
  heartbeat.unref();
  app.addHook('preClose', (done) => {
    clearInterval(heartbeat);
    for (const stream of streams) stream.end();
    done();
  });
}

function tooMany(maxSubscribers: number): AttestryError {
  return new AttestryError('QUEUE_FULL', `Expected at most ${maxSubscribers} subscribers.`, {
    details: { retryAfterSeconds: FULL_RETRY_SECONDS },
  });
}

interface EventStream {
  write(text: string): void;
  end(): void;
}

function openStream(reply: FastifyReply, maxBufferedBytes: number): EventStream {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream',
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    // The connection serves nothing after the stream, so ending the one ends the other.
    connection: 'close',
  });
  raw.flushHeaders();
  return {
    write(text) {
      if (raw.writableEnded || raw.destroyed) return;
      if (raw.writableLength > maxBufferedBytes) raw.destroy();
      else raw.write(text);
    },
    end: () => raw.end(),
  };
}

function formatEvent({ id, event, data }: ServerEvent): string {
  const lines = [`event: ${event}`, `data: ${JSON.stringify(data)}`];
  if (id !== undefined) lines.unshift(`id: ${id}`);
  return `${lines.join('\n')}\n\n`;
}
