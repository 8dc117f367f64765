/** Opening an app to the network, and closing it without dropping what is under way. */
import type { AddressInfo } from 'node:net';
import { AttestryError } from '../errors.ts';
import type { App } from './app-type.ts';

/** How long requests under way may take to finish once the app is closing. */
const CLOSE_DEADLINE_MS = 10_000;
const STOPPING_RETRY_SECONDS = 5;

export interface ListenOptions {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** Default: CLOSE_DEADLINE_MS. */
  readonly closeDeadlineMs?: number;
}

export interface Listening {
  /** Where the app answers, as `http://host:port` without a trailing slash. */
  readonly url: string;
  /** Finishes requests under way, refuses new ones with NODE_STOPPING, and cuts what is left at the deadline. */
  close(): Promise<void>;
}

/** Listens on one address. @throws CONFIG_INVALID when the address cannot be had. */
export async function listen(app: App, options: ListenOptions): Promise<Listening> {
  const { host, port, closeDeadlineMs = CLOSE_DEADLINE_MS } = options;
  try {
    await app.listen({ host, port, backlog: app.server.maxConnections });
  } catch (cause) {
    throw asAddressError(cause, options);
  }
  const address = app.server.address() as AddressInfo;
  let closed: Promise<void> | undefined;
  return {
    url: `http://${formatHost(host)}:${address.port}`,
    close() {
      closed ??= closeWithin(app, closeDeadlineMs);
      return closed;
    },
  };
}

/** Makes a closing app answer new requests with NODE_STOPPING and end each connection with its current answer. */
export function refuseWhenStopping(app: App): void {
  let stopping = false;
  app.addHook('preClose', (done) => {
    stopping = true;
    done();
  });
  app.addHook('onRequest', (_request, _reply, done) => {
    if (!stopping) return done();
    const details = { retryAfterSeconds: STOPPING_RETRY_SECONDS };
    done(new AttestryError('NODE_STOPPING', 'The node is shutting down.', { details }));
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (stopping) reply.header('connection', 'close');
    done(null, payload);
  });
}

// Node stops checking its request time-outs once the server is closing: without a deadline of our own, one slow client
// would hold the process.
async function closeWithin(app: App, deadlineMs: number): Promise<void> {
  const deadline = setTimeout(() => app.server.closeAllConnections(), deadlineMs);
  try {
    await app.close();
  } finally {
    clearTimeout(deadline);
  }
}

const ADDRESS_ERRORS: ReadonlySet<unknown> = new Set([
  'EADDRINUSE',
  'EADDRNOTAVAIL',
  'EACCES',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

function asAddressError(cause: unknown, { host, port }: ListenOptions): unknown {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (!ADDRESS_ERRORS.has(code)) return cause;
  const message = `Expected to listen on host ${host}, port ${port}, but the system answers ${code}; choose another host or port.`;
  return new AttestryError('CONFIG_INVALID', message, { cause, details: { host, port } });
}

function formatHost(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
