/**
 * The network between the nodes: HTTP exchanges whose two messages are delayed, lost, delivered twice, overtaken, or cut off
 * by a partition. The real clients run on it, with this in place of `fetch`.
 */
import type { Fetch, FetchedResponse } from '../../src/client/bounded-fetch.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import type { SeededRandom } from '../kill-cycles/random.ts';
import type { Life, Scheduler } from './scheduler.ts';

export interface Exchange {
  readonly from: string;
  readonly method: string;
  /** Path and query, without the slash at the beginning. */
  readonly path: string;
  readonly body: Uint8Array;
}

export interface Answer {
  readonly status: number;
  readonly body: Uint8Array;
}

/** What listens at a host. */
export interface Listener {
  /** The process that listens now; undefined while none does. */
  readonly life: Life | undefined;
  serve(exchange: Exchange): Promise<Answer>;
}

/** Told of every message that has been sent, whether it arrives or not. */
export type Tap = (to: string, exchange: Exchange, answer: Answer | undefined) => void;

export class VirtualNetwork {
  /** One message in so many is lost, or delivered twice; 0 for none. */
  lossOnceIn = 0;
  duplicateOnceIn = 0;
  longestDelayMs = 20;
  /** Told by hosts `a>b`: messages from a to b do not arrive. */
  readonly cut = new Set<string>();
  tap: Tap = () => {};
  readonly #hosts = new Map<string, Listener>();
  readonly #scheduler: Scheduler;
  readonly #random: SeededRandom;

  constructor(scheduler: Scheduler, random: SeededRandom) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  listen(host: string, listener: Listener): void {
    this.#hosts.set(host, listener);
  }

  /** No message is lost, doubled or cut off from now on. */
  heal(): void {
    this.lossOnceIn = 0;
    this.duplicateOnceIn = 0;
    this.longestDelayMs = 20;
    this.cut.clear();
  }

  /** `fetch` as one process on a host has it. */
  fetchFor(from: string, life: Life): Fetch {
    return async ({ pathname, search, hostname }, { method = 'GET', body }) => {
      const path = `${pathname}${search}`.slice(1);
      const exchange: Exchange = { from, method, path, body: bytesOf(body) };
      return responseOf(await this.#exchange(hostname, exchange, life));
    };
  }

  #exchange(to: string, exchange: Exchange, life: Life): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const back = (answer: Answer): void =>
        this.#carry(to, exchange.from, () => this.#scheduler.after(0, () => resolve(answer), life));
      const refused = (): void =>
        this.#carry(to, exchange.from, () =>
          this.#scheduler.after(0, () => reject(refusal(to)), life),
        );
      this.tap(to, exchange, undefined);
      this.#carry(exchange.from, to, () => this.#deliver(to, exchange, { back, refused }));
    });
  }

  /** One way: a message that is lost or cut off never arrives, and whoever waits for it runs out of time. */
  #carry(from: string, to: string, arrive: () => void): void {
    if (this.cut.has(`${from}>${to}`)) return;
    if (this.lossOnceIn > 0 && this.#random.onceIn(this.lossOnceIn)) return;
    const times = this.duplicateOnceIn > 0 && this.#random.onceIn(this.duplicateOnceIn) ? 2 : 1;
    for (let i = 0; i < times; i++) {
      this.#scheduler.after(1 + this.#random.below(this.longestDelayMs), arrive, WORLD_LIFE);
    }
  }

  #deliver(
    to: string,
    exchange: Exchange,
    reply: { readonly back: (answer: Answer) => void; readonly refused: () => void },
  ): void {
    const listener = this.#hosts.get(to);
    const life = listener?.life;
    if (listener === undefined || life === undefined) {
      reply.refused();
      return;
    }
    this.#scheduler.after(
      0,
      () => {
        void listener.serve(exchange).then((answer) => {
          this.tap(to, exchange, answer);
          reply.back(answer);
        });
      },
      life,
    );
  }
}

const WORLD_LIFE: Life = { name: 'network', isAlive: true };

function refusal(host: string): Error {
  return Object.assign(new Error(`connect ECONNREFUSED ${host}`), { code: 'ECONNREFUSED' });
}

const NO_HEADERS = new Headers();

function responseOf({ status, body }: Answer): FetchedResponse {
  const chunks = body.length === 0 ? [] : [body];
  const read = async (): Promise<{ done: boolean; value?: Uint8Array | undefined }> => {
    const value = chunks.shift();
    return { done: value === undefined, value };
  };
  return { status, type: 'default', headers: NO_HEADERS, body: { getReader: () => ({ read }) } };
}

/** The clients send texts and bytes. */
function bytesOf(body: RequestInit['body']): Uint8Array {
  if (typeof body === 'string') return encodeUtf8(body);
  return body instanceof Uint8Array ? body : new Uint8Array();
}
