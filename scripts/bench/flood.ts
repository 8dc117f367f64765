/** More requests than a log can take, at their own times: nobody waits for an answer before the next one comes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, Connection, formatPost } from './connection.ts';
import type { AcceptedEntry, Flood, FloodReport } from './generator-process.ts';

const PATH = '/v1/entries';
const TICK_MS = 2;
const ACCEPTED = /^\{"entryHash":"([0-9a-f]{64})","index":(\d+),/;
const ACCEPTED_BYTES = 128;

/** Offers the entries; those that were refused are offered again. */
export async function flood(order: Flood, entries: Uint8Array[]): Promise<FloodReport> {
  const { perSecond, seconds } = order;
  const sender = new Sender(order, entries);
  const before = process.cpuUsage();
  const started = performance.now();
  for (let due = 0; due < perSecond * seconds; ) {
    const passed = performance.now() - started;
    for (; due < Math.min(perSecond * seconds, (passed * perSecond) / 1000); due++) sender.offer();
    await sleep(TICK_MS);
  }
  const took = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  await sender.close();
  return { ...sender.notes, seconds: took, cpuSeconds: (user + system) / 1e6 };
}

class Sender {
  readonly notes = {
    statuses: {} as Record<string, number>,
    unsent: 0,
    accepted: [] as AcceptedEntry[],
    acceptedTimes: [] as number[],
    refusedTimes: [] as number[],
    refusedAsAsked: 0,
  };
  readonly #entries: Uint8Array[];
  readonly #free: Connection[];
  readonly #underWay = new Set<Promise<void>>();
  #failure: unknown;

  constructor({ url, connections }: Flood, entries: Uint8Array[]) {
    this.#entries = entries;
    this.#free = Array.from({ length: connections }, () => new Connection(url));
  }

  /** Sends one entry, if there is a connection that does not wait for an answer. */
  offer(): void {
    const connection = this.#free.pop();
    if (connection === undefined) {
      this.notes.unsent++;
      return;
    }
    const entry = this.#entries.pop();
    if (entry === undefined) throw new Error('Expected more entries to be made.');
    const sent = this.#send(connection, entry)
      .catch((error: unknown) => {
        this.#failure ??= error;
      })
      .finally(() => {
        this.#free.push(connection);
        this.#underWay.delete(sent);
      });
    this.#underWay.add(sent);
  }

  async close(): Promise<void> {
    await Promise.all(this.#underWay);
    for (const connection of this.#free) connection.close();
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #send(connection: Connection, entry: Uint8Array): Promise<void> {
    const started = performance.now();
    const request = formatPost(PATH, 'application/json', entry);
    const answer = await connection.request(request).catch(() => undefined);
    const ms = performance.now() - started;
    const status = answer?.status ?? 'broken off';
    this.notes.statuses[status] = (this.notes.statuses[status] ?? 0) + 1;
    const accepted = acceptedIn(answer);
    if (accepted !== undefined) {
      this.notes.accepted.push(accepted);
      this.notes.acceptedTimes.push(ms);
      return;
    }
    this.notes.refusedTimes.push(ms);
    if (answer?.status === 503 && /\r\nretry-after: \d+\r\n/i.test(answer.head))
      this.notes.refusedAsAsked++;
    this.#entries.push(entry);
  }
}

function acceptedIn(answer: Answer | undefined): AcceptedEntry | undefined {
  if (answer === undefined || answer.status >= 300) return undefined;
  const start = answer.body.subarray(0, ACCEPTED_BYTES).toString('latin1');
  const [, entryHash, index] = ACCEPTED.exec(start) ?? [];
  if (entryHash === undefined) throw new Error(`Expected a receipt, got ${start}`);
  return { entryHash, index: Number(index) };
}
