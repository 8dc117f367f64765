/** Free ports, chosen before the processes start: a trust root names URLs. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

export const HOST = '127.0.0.1';

/** As many different ports as asked for. Each was free a moment ago; another process may still take one. */
export async function findFreePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    // All are held until all are found, so that none is given twice.
    return await Promise.all(
      servers.map(async (server) => {
        server.listen(0, HOST);
        await once(server, 'listening');
        return (server.address() as AddressInfo).port;
      }),
    );
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}

export function urlOf(port: number): string {
  return `http://${HOST}:${port}`;
}
