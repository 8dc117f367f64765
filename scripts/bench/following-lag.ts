/** How far a verifier is behind the logs that it follows, watched many times a second. */
import { setTimeout as sleep } from 'node:timers/promises';

const LOOK_EVERY_MS = 200;

export interface Watched {
  /** URLs of logs, by origin. */
  readonly logs: ReadonlyMap<string, string>;
  readonly verifier: string;
}

export interface Look {
  readonly atMs: number;
  /** Of the log that it is furthest behind: how long ago the oldest entry was published that it has not verified. */
  readonly lagMs: number;
  /** Entries that are verified, of all logs. */
  readonly verified: number;
}

interface Published {
  readonly size: number;
  readonly atMs: number;
}

/** Looks at published and verified sizes until it is stopped. */
export class LagWatch {
  readonly looks: Look[] = [];
  readonly #watched: Watched;
  /** What each log has published beyond what is verified, in order. */
  readonly #ahead = new Map<string, Published[]>();
  #stopped = false;
  readonly #watching: Promise<void>;

  constructor(watched: Watched) {
    this.#watched = watched;
    this.#watching = this.#watch();
  }

  async stop(): Promise<readonly Look[]> {
    this.#stopped = true;
    await this.#watching;
    return this.looks;
  }

  async #watch(): Promise<void> {
    while (!this.#stopped) {
      await Promise.all(Array.from(this.#watched.logs, (log) => this.#notePublished(log)));
      const verified = await verifiedSizes(this.#watched.verifier);
      const atMs = performance.now();
      const lags = Array.from(this.#ahead, ([origin, ahead]) => {
        while (ahead[0] !== undefined && ahead[0].size <= (verified.get(origin) ?? 0))
          ahead.shift();
        return ahead[0] === undefined ? 0 : atMs - ahead[0].atMs;
      });
      const sum = [...verified.values()].reduce((total, size) => total + size, 0);
      this.looks.push({ atMs, lagMs: Math.max(...lags), verified: sum });
      await sleep(LOOK_EVERY_MS);
    }
  }

  async #notePublished([origin, url]: readonly [string, string]): Promise<void> {
    const size = await publishedSize(url);
    const ahead = this.#ahead.get(origin) ?? [];
    this.#ahead.set(origin, ahead);
    if (size > (ahead.at(-1)?.size ?? 0)) ahead.push({ size, atMs: performance.now() });
  }
}

async function publishedSize(url: string): Promise<number> {
  const response = await fetch(`${url}/checkpoint`);
  const text = await response.text();
  return response.status === 200 ? Number(text.split('\n')[1]) : 0;
}

/** Entries that the verifier has verified and mirrored, by origin. */
async function verifiedSizes(url: string): Promise<ReadonlyMap<string, number>> {
  const answer = (await (await fetch(`${url}/v1/nodes`)).json()) as {
    readonly nodes: readonly {
      origin: string;
      mirroredSize: number;
      problem: { readonly code: string } | null;
    }[];
  };
  return new Map(
    answer.nodes.map(({ origin, mirroredSize, problem }) => {
      // Before a log has published anything, that is its problem; that one does not answer in time, the lag shows.
      if (problem !== null && problem.code !== 'PEER_UNAVAILABLE' && mirroredSize > 0)
        throw new Error(`${origin}: ${JSON.stringify(problem)}`);
      return [origin, mirroredSize];
    }),
  );
}
