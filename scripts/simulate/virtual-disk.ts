/**
 * The disk of one machine: database folders and files, each with what readers see and what a power cut leaves. It outlives
 * every process that uses it. Writes take virtual time; a disk may refuse them, fill up, lose what was not synced, and
 * change a bit.
 */

import type { Disk } from '../../src/store/disk.ts';
import type { Patch } from '../../src/store/durable-file.ts';
import type { LevelFolder } from '../../src/store/level-folder.ts';
import type { SeededRandom } from '../kill-cycles/random.ts';
import type { Life, Scheduler } from './scheduler.ts';
import { type Change, LevelData, openVirtualLevel } from './virtual-level.ts';

/** What can go wrong in one operation; each may take time and throw the system's error. */
export interface Faults {
  read(): void;
  /** What of the batch arrives. */
  garble(batch: readonly Change[]): readonly Change[];
  /** Whether the write reaches the operating system. */
  write(): Promise<boolean>;
  /** Throws if the write was to fail, having reached the operating system or not. */
  fail(): void;
  sync(): Promise<void>;
}

interface FileData {
  /** What a power cut leaves; undefined where the name would be gone. */
  durable: Uint8Array | undefined;
  visible: Uint8Array;
}

/** How a process ended. After a mere kill the operating system still writes what it holds. */
export type Ending = 'kill' | 'power cut';

export class VirtualDisk {
  readonly levels = new Map<string, LevelData>();
  readonly files = new Map<string, FileData>();
  /** Whether writes are refused: an error of the device, or no space. */
  trouble: 'none' | 'errors' | 'full' = 'none';
  /** Told of every write that begins. */
  onWrite: () => void = () => {};
  /** Whether a bit of every batch changes on its way to the platter. */
  garbles = false;
  readonly #scheduler: Scheduler;
  readonly #random: SeededRandom;

  constructor(scheduler: Scheduler, random: SeededRandom) {
    this.#scheduler = scheduler;
    this.#random = random;
  }

  /** The disk as one process uses it: once that is dead, nothing that it asked for happens any more. */
  for(life: Life): Disk {
    return {
      openLevel: (folder) => this.#openLevel(folder, life),
      makeFolder: async () => {},
      list: async (folder) => this.#list(folder),
      readFile: (path) => this.#readFile(path),
      replaceFile: (path, bytes) => this.#replaceFile(path, bytes, life),
      overwriteFile: (path, patch) => this.#overwriteFile(path, patch, life),
    };
  }

  /** The processes on it have ended. */
  crash(ending: Ending): void {
    for (const data of this.levels.values()) {
      const held = data.unsynced.length;
      data.crash(ending === 'kill' ? held : this.#random.below(held + 1));
    }
    for (const [path, file] of this.files) {
      // A rename whose folder was not synced may be there or not; the bytes of either file are whole.
      const kept = ending === 'kill' || this.#random.onceIn(2) ? file.visible : file.durable;
      if (kept === undefined) this.files.delete(path);
      else this.files.set(path, { durable: kept, visible: kept });
    }
  }

  /** An exact copy of what a power cut would leave now: a backup. */
  copy(): VirtualDisk {
    const copy = new VirtualDisk(this.#scheduler, this.#random);
    for (const [folder, { durable }] of this.levels) {
      const data = new LevelData();
      data.durable = new Map(durable);
      copy.levels.set(folder, data);
    }
    for (const [path, { durable }] of this.files) {
      if (durable !== undefined) copy.files.set(path, { durable, visible: durable });
    }
    return copy;
  }

  level(folder: string): LevelData {
    const data = this.levels.get(folder) ?? new LevelData();
    this.levels.set(folder, data);
    return data;
  }

  async #openLevel(folder: string, life: Life): Promise<LevelFolder> {
    await this.#pause(life);
    const data = this.level(folder);
    if (data.holder !== undefined) {
      throw Object.assign(new Error('lock held'), { code: 'LEVEL_LOCKED' });
    }
    return openVirtualLevel(data, this.#faultsOf(life));
  }

  #faultsOf(life: Life): Faults {
    return {
      read: () => {},
      garble: (batch) => (this.garbles ? garbled(batch, this.#random) : batch),
      write: async () => {
        this.onWrite();
        await this.#pause(life);
        if (this.trouble === 'full') return false;
        return this.trouble === 'none' || this.#random.onceIn(2);
      },
      fail: () => this.#fail(),
      sync: () => this.#pause(life),
    };
  }

  #fail(): void {
    if (this.trouble === 'none') return;
    const code = this.trouble === 'full' ? 'ENOSPC' : 'EIO';
    throw Object.assign(new Error(`${code}: write`), { code });
  }

  #list(folder: string): readonly string[] {
    const prefix = `${folder}/`;
    return [...this.files.keys()]
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length))
      .sort();
  }

  #readFile(path: string): Uint8Array {
    const file = this.files.get(path);
    if (file === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT' });
    return new Uint8Array(file.visible);
  }

  async #replaceFile(path: string, bytes: Uint8Array, life: Life): Promise<void> {
    // A copy also of a Buffer, whose `slice` is none.
    const own = new Uint8Array(bytes);
    this.onWrite();
    // The new bytes go beside the file; a power cut here tears only those.
    await this.#pause(life);
    this.#fail();
    const before = this.files.get(path)?.durable;
    this.files.set(path, { durable: before, visible: own });
    await this.#pause(life);
    this.files.set(path, { durable: own, visible: own });
  }

  async #overwriteFile(path: string, { at, bytes }: Patch, life: Life): Promise<void> {
    const own = this.#readFile(path);
    if (at + bytes.length > own.length) throw new RangeError('Expected bytes within the file.');
    own.set(bytes, at);
    this.onWrite();
    this.#fail();
    const before = this.files.get(path)?.durable;
    // The system has the bytes at once; a power cut takes them or leaves them until they are synced.
    this.files.set(path, { durable: before, visible: own });
    await this.#pause(life);
    this.files.set(path, { durable: own, visible: own });
  }

  async #pause(life: Life): Promise<void> {
    await this.#scheduler.sleep(1 + this.#random.below(LONGEST_WRITE_MS), life);
  }
}

const LONGEST_WRITE_MS = 8;

/** The batch with one bit of one value otherwise. */
function garbled(batch: readonly Change[], random: SeededRandom): readonly Change[] {
  const at = random.below(batch.length);
  return batch.map((change, i) => {
    const { key, value } = change;
    if (i !== at || value === undefined || value.length === 0) return change;
    const other = value.slice();
    const place = random.below(other.length);
    other[place] = (other[place] as number) ^ (1 << random.below(8));
    return { key, value: other };
  });
}
