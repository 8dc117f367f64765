/** The generator of the load: a process of its own, told by its parent what to send. */

import { type Answer, Connection, formatGet, formatPost } from './connection.ts';
import { makeEntries } from './entries.ts';
import { flood } from './flood.ts';
import type { FloodReport, Load, LoadOrder, LoadReport } from './generator-process.ts';

const PATH = '/v1/entries';
const OPENING = formatGet('/healthz');
const MOST_REFUSALS = 3;

let entries: Uint8Array[] = [];

process.on('message', (order: LoadOrder) => {
  carryOut(order).then(
    (report) => process.send?.({ report }),
    (error: unknown) => process.send?.({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());

async function carryOut(order: LoadOrder): Promise<LoadReport | FloodReport | null> {
  if (order.kind === 'load') return await send(order.load);
  if (order.kind === 'flood') return await flood(order.flood, entries);
  entries = makeEntries(order.source, order.numbers);
  return null;
}

async function send(load: Load): Promise<LoadReport> {
  const requests = requestsOf(load);
  const connections = Array.from({ length: load.connections }, () => new Connection(load.url));
  const notes = { times: [], statuses: {}, samples: [], refusals: [] };
  // Open before anything is measured: a node takes in one at each turn of its event loop, and a steady load has them already.
  await Promise.all(connections.map((connection) => connection.request(OPENING)));
  const before = process.cpuUsage();
  const started = performance.now();
  const end = started + (load.seconds ?? Number.POSITIVE_INFINITY) * 1000;
  let next = 0;
  const worker = async (connection: Connection): Promise<void> => {
    for (let i = next++; i < requests.length && performance.now() < end; i = next++) {
      const due = await dueTime(load, started, i);
      const answer = await connection.request(requests[i] as Uint8Array);
      note(notes, answer, { due, isSample: i % load.sampleEvery === 0 });
    }
  };
  await Promise.all(connections.map(worker));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  for (const connection of connections) connection.close();
  return { seconds, cpuSeconds: (user + system) / 1e6, ...notes };
}

/** When request number `i` is due, or sent where that is a little sooner; waits for it. */
async function dueTime({ perSecond }: Load, started: number, i: number): Promise<number> {
  if (perSecond === undefined) return performance.now();
  const due = started + (i * 1000) / perSecond;
  const early = due - performance.now();
  if (early > 1) await new Promise((resolve) => setTimeout(resolve, early));
  return Math.min(due, performance.now());
}

interface Notes {
  readonly times: number[];
  readonly statuses: Record<string, number>;
  readonly samples: string[];
  readonly refusals: string[];
}

function note(
  { times, statuses, samples, refusals }: Notes,
  { status, body }: Answer,
  { due, isSample }: { readonly due: number; readonly isSample: boolean },
): void {
  // From when it was due, so that a slow answer is not hidden by the requests that waited for it.
  times.push(performance.now() - due);
  statuses[status] = (statuses[status] ?? 0) + 1;
  if (status >= 300 && refusals.length < MOST_REFUSALS) refusals.push(body.toString());
  if (status < 300 && isSample) samples.push(body.toString());
}

/** The bytes of every request, made before the first is sent. */
function requestsOf(load: Load): Uint8Array[] {
  if (load.paths !== undefined) return load.paths.map(formatGet);
  const path = load.wait === undefined ? PATH : `${PATH}?wait=${load.wait}`;
  const taken = entries.splice(0, load.entries);
  if (taken.length < load.entries) throw new Error(`only ${taken.length} entries are made`);
  const { perRequest = 1 } = load;
  if (perRequest === 1) return taken.map((entry) => formatPost(path, 'application/json', entry));
  const newline = Buffer.from('\n');
  return Array.from({ length: Math.ceil(taken.length / perRequest) }, (_, i) => {
    const lines = taken.slice(i * perRequest, (i + 1) * perRequest);
    const body = Buffer.concat(lines.flatMap((line) => [line, newline]));
    return formatPost(path, 'application/x-ndjson', body);
  });
}
