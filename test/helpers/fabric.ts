/**
 * A network of its own for real processes: one network namespace for each, all on one bridge in a hub that no other
 * network reaches. A place can be cut off, made deaf in one direction, or slowed down. Namespaces live only as long as a
 * process in them: they are gone with whoever made them, however that ends.
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const SUBNET = '10.77.0';
const FIRST_HOST = 10;
const READY_MS = 10_000;

export interface Place {
  /** Address that the others reach it under. */
  readonly host: string;
  /** What a command must begin with to run there. */
  readonly prefix: readonly string[];
}

interface Member extends Place {
  readonly number: number;
  readonly holder: Holder;
}

export class Fabric {
  readonly #hub: Holder;
  readonly #members: Member[] = [];

  private constructor(hub: Holder) {
    this.#hub = hub;
  }

  /** The fabric, or why this machine does not allow one. */
  static async open(): Promise<Fabric | string> {
    const isRoot = process.getuid?.() === 0;
    const own = isRoot ? [] : ['--user', '--map-root-user'];
    let hub: Holder | undefined;
    try {
      hub = await Holder.start(['unshare', ...own, '--net'], isRoot);
      await hub.shell('ip link set lo up');
      await hub.shell('ip link add hub0 type bridge');
      await hub.shell(`ip addr add ${SUBNET}.1/24 dev hub0 && ip link set hub0 up`);
      return new Fabric(hub);
    } catch (error) {
      await hub?.end();
      return `no network namespaces here (${messageOf(error)})`;
    }
  }

  /** Runs on the bridge itself, beside all places. */
  get prefix(): readonly string[] {
    return this.#hub.prefix;
  }

  /** A new place, reachable from all others. */
  async add(): Promise<Place> {
    const number = this.#members.length;
    const holder = await Holder.start([...this.#hub.prefix, 'unshare', '--net'], this.#hub.isRoot);
    const host = `${SUBNET}.${FIRST_HOST + number}`;
    const [hubSide, ownSide] = [`hub-p${number}`, `net${number}`];
    await this.#hub.shell(`ip link add ${hubSide} type veth peer name ${ownSide}`);
    await this.#hub.shell(`ip link set ${ownSide} netns ${holder.pid}`);
    await this.#hub.shell(`ip link set ${hubSide} master hub0 && ip link set ${hubSide} up`);
    await holder.shell(`ip link set lo up && ip addr add ${host}/24 dev ${ownSide}`);
    await holder.shell(`ip link set ${ownSide} up`);
    const member = { host, prefix: holder.prefix, number, holder };
    this.#members.push(member);
    return member;
  }

  /** Nothing reaches the place, and nothing leaves it. */
  async cut(place: Place): Promise<void> {
    await this.#hub.shell(`ip link set hub-p${this.#member(place).number} down`);
  }

  async join(place: Place): Promise<void> {
    await this.#hub.shell(`ip link set hub-p${this.#member(place).number} up`);
  }

  /** What `place` sends to `to` is lost; the other direction works. */
  async silence(place: Place, to: Place): Promise<void> {
    await this.#member(place).holder.shell(`ip route add blackhole ${to.host}/32`);
  }

  async unsilence(place: Place, to: Place): Promise<void> {
    await this.#member(place).holder.shell(`ip route del blackhole ${to.host}/32`);
  }

  /** Lets so many bits a second through in each direction; gives why not, where the machine cannot. */
  async slow(place: Place, bitsPerSecond: number): Promise<string | undefined> {
    const { number, holder } = this.#member(place);
    const shape = `root tbf rate ${bitsPerSecond}bit burst 1600 latency 2s`;
    try {
      await holder.shell(`tc qdisc add dev net${number} ${shape}`);
      await this.#hub.shell(`tc qdisc add dev hub-p${number} ${shape}`);
      return undefined;
    } catch (error) {
      return `no traffic shaping here (${messageOf(error)})`;
    }
  }

  async unslow(place: Place): Promise<void> {
    const { number, holder } = this.#member(place);
    await holder.shell(`tc qdisc del dev net${number} root`);
    await this.#hub.shell(`tc qdisc del dev hub-p${number} root`);
  }

  async close(): Promise<void> {
    for (const { holder } of this.#members) await holder.end();
    await this.#hub.end();
  }

  #member(place: Place): Member {
    return this.#members.find(({ host }) => host === place.host) as Member;
  }
}

/** A process that does nothing but keep its namespace alive, until its input ends. */
class Holder {
  readonly isRoot: boolean;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, isRoot: boolean) {
    this.#child = child;
    this.isRoot = isRoot;
  }

  static async start(command: readonly string[], isRoot: boolean): Promise<Holder> {
    const [program = '', ...args] = [...command, 'cat'];
    const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'] });
    child.stdin?.on('error', () => undefined);
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errors += chunk.toString();
    });
    const ended = Promise.race([once(child, 'exit'), once(child, 'error')]).then(([reason]) => {
      throw new Error(errors.trim() || `${program} ended with ${reason}`);
    });
    ended.catch(() => undefined);
    const holder = new Holder(child, isRoot);
    await Promise.race([holder.#isApart(), ended]);
    return holder;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  get prefix(): readonly string[] {
    const user = this.isRoot ? [] : ['--user', '--preserve-credentials'];
    return ['nsenter', '--target', `${this.pid}`, ...user, '--net'];
  }

  /** Runs a line of shell in the namespace. Rejects with what it wrote to standard error. */
  async shell(line: string): Promise<void> {
    const [program = '', ...args] = [...this.prefix, 'sh', '-c', line];
    await run(program, args);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    this.#child.stdin?.end();
    await once(this.#child, 'exit');
  }

  /** Once the program runs: until then the process is still in the namespace of whoever started it. */
  async #isApart(): Promise<void> {
    const deadline = Date.now() + READY_MS;
    while (!(await this.#runsCat())) {
      if (Date.now() > deadline) throw new Error('a namespace did not come up in time');
      await pause(5);
    }
  }

  async #runsCat(): Promise<boolean> {
    const program = await readlink(`/proc/${this.pid}/exe`).catch(() => '');
    return /\/(cat|coreutils|busybox)$/.test(program);
  }
}

function messageOf(error: unknown): string {
  const { stderr, message } = error as { readonly stderr?: string; readonly message: string };
  return (stderr?.trim() || message).split('\n')[0] ?? '';
}
