/** A machine with one process on it: started, killed, started again by its supervisor. */
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { AttestryError } from '../../src/errors.ts';
import { formatRefusal } from '../../src/http/refusal.ts';
import { HTTP_STATUS } from '../../src/http/status.ts';
import type { Life } from './scheduler.ts';
import { type Ending, VirtualDisk } from './virtual-disk.ts';
import type { Answer, Exchange, Listener } from './virtual-network.ts';
import type { World } from './world.ts';

/** What a running process is to its machine. */
export interface Running {
  serve(exchange: Exchange): Promise<Answer>;
  close(): Promise<void>;
}

const RESTART_MS = 700;
const LONGEST_RESTART_MS = 6_000;

/** The trees of a run are small, and every process makes room for so many nodes. */
export const KEPT_INNERS = 128;

export abstract class Machine<T extends Running> implements Listener {
  readonly host: string;
  readonly world: World;
  disk: VirtualDisk;
  #life: Life | undefined;
  #running: T | undefined;
  /** Starts in a row that were refused. */
  #refusals = 0;
  /** With what code its last start was refused, or its process ended by itself. */
  refusedWith: string | undefined;
  /** Whether it is started again when it has ended. */
  isSupervised = true;

  constructor(world: World, host: string) {
    this.world = world;
    this.host = host;
    this.disk = new VirtualDisk(world.scheduler, world.chance.disk);
    world.network.listen(host, this);
  }

  get life(): Life | undefined {
    return this.#running === undefined ? undefined : this.#life;
  }

  get running(): T | undefined {
    return this.#running;
  }

  /** Whether it runs, but cannot do its work until it is started again. */
  get needsRestart(): boolean {
    return false;
  }

  /** Unix seconds. */
  now(): number {
    return this.world.unixNow();
  }

  protected abstract open(life: Life): Promise<T>;
  /** Told when a start has succeeded. */
  protected onStarted(_running: T, _life: Life): void {}

  start(): void {
    if (this.#life?.isAlive) return;
    const life: Life = { name: this.host, isAlive: true };
    this.#life = life;
    this.world.scheduler.after(1, () => void this.#start(life), life);
  }

  async #start(life: Life): Promise<void> {
    try {
      const running = await this.open(life);
      if (!life.isAlive) return;
      this.refusedWith = undefined;
      this.#refusals = 0;
      this.#running = running;
      this.world.trace.add(this.host, 'started');
      this.onStarted(running, life);
    } catch (error) {
      if (!life.isAlive) return;
      if (!(error instanceof AttestryError)) throw error;
      this.refusedWith = error.code;
      this.#refusals++;
      this.world.trace.add(this.host, `does not start: ${error.code}`);
      this.end('kill');
    }
  }

  /** The process is gone, in the middle of whatever it did. */
  end(ending: Ending): void {
    const life = this.#life;
    if (life === undefined || !life.isAlive) return;
    life.isAlive = false;
    this.#running = undefined;
    this.disk.crash(ending);
    this.world.trace.add(this.host, ending);
    if (!this.isSupervised) return;
    // A supervisor waits longer each time that a start is refused.
    const pause = Math.min(LONGEST_RESTART_MS, RESTART_MS * 2 ** this.#refusals);
    this.world.scheduler.after(pause, () => this.start(), this.world.people);
  }

  /** What is wrong with the process itself: it ends, as a real one does. */
  protected fatal(life: Life, error: unknown): void {
    if (!life.isAlive) return;
    const code = error instanceof AttestryError ? error.code : String(error);
    this.world.trace.add(this.host, `fatal: ${code}`);
    if (error instanceof AttestryError) this.refusedWith = error.code;
    else this.world.violate(`${this.host} has a defect: ${String(error)}`);
    this.world.scheduler.after(0, () => this.end('kill'), life);
  }

  async serve(exchange: Exchange): Promise<Answer> {
    try {
      return (await this.#running?.serve(exchange)) ?? { status: 503, body: new Uint8Array() };
    } catch (error) {
      return this.refusalOf(error);
    }
  }

  private refusalOf(error: unknown): Answer {
    if (error instanceof AttestryError) {
      return { status: HTTP_STATUS[error.code], body: encodeUtf8(formatRefusal(error)) };
    }
    this.world.violate(`${this.host} has a defect: ${(error as Error).stack}`);
    return { status: 500, body: new Uint8Array() };
  }
}

export function ok(body: Uint8Array | string, status = 200): Answer {
  return { status, body: typeof body === 'string' ? encodeUtf8(body) : body };
}

export const NOT_FOUND: Answer = { status: 404, body: new Uint8Array() };
