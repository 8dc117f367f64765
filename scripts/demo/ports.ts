/** Free ports, chosen before the processes start: a trust root names URLs. */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

const HOST = '127.0.0.1';
// Below the ports that systems give to outgoing connections (Linux: from 32768): one of those could take the port of a
// node that is stopped for a moment.
const LOWEST = 20_000;
const HIGHEST = 32_000;
const ATTEMPTS_PER_PORT = 100;

/** As many different ports as asked for. Each was free a moment ago; another process may still take one. */
export async function findFreePorts(count: number): Promise<number[]> {
  const held: Server[] = [];
  const ports: number[] = [];
  try {
    // All are held until all are found, so that none is given twice.
    for (let attempt = 0; ports.length < count; attempt++) {
      if (attempt === count * ATTEMPTS_PER_PORT) throw new Error(`Expected ${count} free ports.`);
      const port = randomInt(LOWEST, HIGHEST);
      const server = await holdPort(port);
      if (server === undefined) continue;
      held.push(server);
      ports.push(port);
    }
    return ports;
  } finally {
    await Promise.all(held.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

export function urlOf(port: number): string {
  return `http://${HOST}:${port}`;
}

/** The server that listens there; undefined where another one does, or nobody may. */
async function holdPort(port: number): Promise<Server | undefined> {
  const server = createServer();
  try {
    server.listen(port, HOST);
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}
