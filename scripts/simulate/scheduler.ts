/**
 * Virtual time. Everything that happens in a simulated network is an event here, and between two events every promise that
 * can go on has gone on: so one order of events is one run, whatever the machine does.
 */

/** One life of a process, from its start to its end. What a dead one still waits for never comes. */
export interface Life {
  readonly name: string;
  isAlive: boolean;
}

/** What belongs to no process: the network, the disks, the people. */
const WORLD: Life = { name: 'world', isAlive: true };

interface Event {
  readonly at: number;
  readonly order: number;
  readonly life: Life;
  readonly run: () => void;
}

export class Scheduler {
  #now = 0;
  #order = 0;
  #life: Life = WORLD;
  /** Ascending by time, then by the order in which they were asked for; the next one last. */
  readonly #events: Event[] = [];
  /** What goes on before the next event, once every promise that can has gone on. */
  #turns: (() => void)[] = [];

  /** Milliseconds since the start. */
  get now(): number {
    return this.#now;
  }

  /** Whose event is running. */
  get life(): Life {
    return this.#life;
  }

  /** Runs `run` after `delay`, unless the life that it belongs to has ended by then. Gives what takes it back. */
  after(delay: number, run: () => void, life: Life = this.#life): () => void {
    const event = { at: this.#now + Math.max(0, delay), order: this.#order++, life, run };
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1] as Event).at <= event.at) at--;
    this.#events.splice(at, 0, event);
    return () => {
      const place = this.#events.indexOf(event);
      if (place >= 0) this.#events.splice(place, 1);
    };
  }

  /** Runs `run` in the next turn, as `setImmediate` does: before any other event. */
  nextTurn(run: () => void): void {
    this.#turns.push(run);
  }

  /** Resolves after `delay`; never, if the life ends before. */
  sleep(delay: number, life: Life = this.#life): Promise<void> {
    return new Promise((resolve) => this.after(delay, resolve, life));
  }

  /** Runs `run` as a part of another life. */
  as<T>(life: Life, run: () => T): T {
    const before = this.#life;
    this.#life = life;
    try {
      return run();
    } finally {
      this.#life = before;
    }
  }

  /** Runs event after event until the time, or until `onEvent` says that it is enough. */
  async run(until: number, onEvent: () => boolean): Promise<void> {
    for (;;) {
      const next = this.#events.at(-1);
      if (next === undefined || next.at > until) break;
      this.#events.pop();
      this.#now = next.at;
      if (!next.life.isAlive) continue;
      this.#life = next.life;
      next.run();
      await this.#settle();
      this.#life = WORLD;
      if (!onEvent()) return;
    }
    this.#now = until;
  }

  /** Resolves when nothing is left that goes on without an event: no promise, no turn that was asked for. */
  async #settle(): Promise<void> {
    await promisesGoneOn();
    while (this.#turns.length > 0) {
      const turns = this.#turns;
      this.#turns = [];
      for (const run of turns) run();
      await promisesGoneOn();
    }
  }
}

/** The queue of ticks is looked at when the one of promises is empty: much cheaper than a turn of the event loop. */
async function promisesGoneOn(): Promise<void> {
  await new Promise(tick);
  // What ticks have set off.
  await new Promise(tick);
}

function tick(resolve: (value: undefined) => void): void {
  process.nextTick(resolve);
}
