/** A TCP connection that says exactly the given bytes and hears everything until the other side closes. */
import { connect, type Socket } from 'node:net';
import type { App } from '../../src/http/app-type.ts';
import { listen } from '../../src/http/listen.ts';

export interface RawConnection {
  readonly socket: Socket;
  /** Everything received so far. */
  heard(): string;
  /** Resolves with everything received and the time from connecting to closing, once the server has closed. */
  readonly closed: Promise<{ heard: string; ms: number }>;
}

export async function openRaw(url: string, firstBytes: string): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port) });
  let text = '';
  const started = performance.now();
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
  });
  // A reset is one of the ways in which the server may close.
  socket.on('error', () => socket.destroy());
  const closed = new Promise<{ heard: string; ms: number }>((resolve) => {
    socket.on('close', () => resolve({ heard: text, ms: performance.now() - started }));
  });
  await new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('error', reject);
  });
  socket.write(firstBytes, 'latin1');
  return { socket, heard: () => text, closed };
}

/** Runs `act` against the app on a free port and closes it afterwards. */
export async function serving(app: App, act: (url: string) => Promise<void>): Promise<void> {
  const server = await listen(app, { host: '127.0.0.1', port: 0, closeDeadlineMs: 200 });
  try {
    await act(server.url);
  } finally {
    await server.close();
  }
}

/** What a server did with a body that does not end. */
export interface EndlessBody {
  readonly heard: string;
  /** Mebibytes that were handed to the socket before the answer came. */
  readonly poured: number;
}

const MOST_POURED = 100;

/** Posts a chunked body of one character, up to 100 MiB, until the server has answered. */
export async function pourBody(
  url: string,
  { path, type, filler }: { readonly path: string; readonly type: string; readonly filler: string },
): Promise<EndlessBody> {
  const head = `POST ${path} HTTP/1.1\r\nHost: h\r\nContent-Type: ${type}\r\nTransfer-Encoding: chunked\r\n\r\n`;
  const { socket, heard, closed } = await openRaw(url, head);
  const chunk = `100000\r\n${filler.repeat(0x100000)}\r\n`;
  let poured = 0;
  const pour = (): void => {
    while (!socket.destroyed && poured++ < MOST_POURED && socket.write(chunk));
  };
  socket.on('drain', pour);
  pour();
  await until(() => heard() !== '', 15_000);
  socket.destroy();
  await closed;
  return { heard: heard(), poured };
}

/** Polls until `condition` holds. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  deadlineMs = 3_000,
): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${condition}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** How many connections the app's server holds. */
export function connectionsOf(app: App): Promise<number> {
  return new Promise((resolve, reject) => {
    app.server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}
