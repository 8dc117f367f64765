/**
 * The state of a witness on disk, twice: in LevelDB, which also keeps a second process out, and beside it as one small
 * file per log, the head lock. One copy would not do: LevelDB drops the tail of a damaged write-ahead log without a
 * word, and what is left looks like a clean, older state, from which a witness would sign a second history.
 */
import { join } from 'node:path';
import { bytesEqual } from '../core/bytes/equal.ts';
import { decodeHex, encodeHex, quote } from '../core/bytes/hex.ts';
import { originHash } from '../core/note/origin-hash.ts';
import { AttestryError, type AttestryErrorCode } from '../errors.ts';
import { type Disk, SYSTEM_DISK } from '../store/disk.ts';
import type { LevelFolder } from '../store/level-folder.ts';
import { storeFailure } from '../store/store-failure.ts';
import { WriteQueue } from '../store/write-queue.ts';
import { decodeRecord, encodeRecord } from './witness-record.ts';
import type { WitnessState, WitnessStore } from './witness-store.ts';

const HEAD_FILE = /^[0-9a-f]{64}$/;
const NO_BACKUP =
  'This witness must not sign again with this folder: an older state would let it contradict itself. Keep the folder for the record, and start a new witness with a new key.';

/** The store in a folder, made if it is not there. @throws STORE_LOCKED, STORE_CORRUPT, STORE_FAILED */
export async function openLevelWitnessStore(
  folder: string,
  disk: Disk = SYSTEM_DISK,
): Promise<WitnessStore> {
  const db = await disk.openLevel(join(folder, 'db'));
  const heads = join(folder, 'heads');
  try {
    await disk.makeFolder(heads);
  } catch (cause) {
    await db.close();
    throw storeFailure(`make ${heads}`, cause);
  }
  return new LevelWitnessStore(db, heads, disk);
}

class LevelWitnessStore implements WitnessStore {
  readonly #db: LevelFolder;
  readonly #heads: string;
  readonly #disk: Disk;
  readonly #writes = new WriteQueue();

  constructor(db: LevelFolder, heads: string, disk: Disk) {
    this.#db = db;
    this.#heads = heads;
    this.#disk = disk;
  }

  async readAll(): Promise<readonly WitnessState[]> {
    const [rows, heads] = await this.#readBoth();
    for (const hash of heads.keys()) {
      if (!rows.has(hash)) throw behind(hash, 'nothing');
    }
    for (const [hash, row] of rows) {
      const head = heads.get(hash);
      if (head === undefined || isAhead(row, head)) await this.#writeHead(row);
    }
    return [...rows.values()];
  }

  async put(state: WitnessState): Promise<void> {
    const hash = originHash(state.origin);
    const record = encodeRecord(state);
    await this.#writes.run('store a cosigned checkpoint', async () => {
      await this.#db.put(decodeHex(hash), record, { sync: true });
      await this.#disk.replaceFile(this.#headPath(hash), record);
    });
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await this.#db.close();
  }

  async #readBoth(): Promise<[Map<string, WitnessState>, Map<string, WitnessState>]> {
    const rows = new Map<string, WitnessState>();
    const heads = new Map<string, WitnessState>();
    try {
      for await (const [key, value] of this.#db.iterator()) {
        rows.set(encodeHex(key), decode('STORE_CORRUPT', encodeHex(key), value));
      }
      for (const name of await this.#disk.list(this.#heads)) {
        if (!HEAD_FILE.test(name)) continue;
        heads.set(name, decode('HEAD_MALFORMED', name, this.#disk.readFile(this.#headPath(name))));
      }
    } catch (cause) {
      throw storeFailure('read the cosigned checkpoints', cause);
    }
    return [rows, heads];
  }

  // The database is written first: after a kill between the two, the head lock is one step behind.
  async #writeHead(state: WitnessState): Promise<void> {
    await this.#writes.run('bring the head lock up to date', () =>
      this.#disk.replaceFile(this.#headPath(originHash(state.origin)), encodeRecord(state)),
    );
  }

  #headPath(hash: string): string {
    return join(this.#heads, hash);
  }
}

/** Whether the database went on after the head lock was written; it may not have gone anywhere else. */
function isAhead(row: WitnessState, head: WitnessState): boolean {
  if (row.size === head.size && !bytesEqual(row.root, head.root)) {
    throw new AttestryError(
      'HEAD_FORK',
      `The database and the head lock hold different roots of ${quote(row.origin)} at size ${row.size}. ${NO_BACKUP}`,
      { details: { origin: row.origin, size: row.size } },
    );
  }
  if (row.size < head.size || row.time < head.time) {
    throw behind(originHash(row.origin), `size ${row.size} of ${row.time}`, head);
  }
  return row.size > head.size || row.time > head.time || row.note !== head.note;
}

function behind(hash: string, held: string, head?: WitnessState): AttestryError {
  const expected = head === undefined ? 'a state' : `size ${head.size} of ${head.time}`;
  return new AttestryError(
    'HEAD_ROLLBACK',
    `The head lock of log ${hash} records ${expected}, the database holds ${held}. ${NO_BACKUP}`,
    { details: { originHash: hash } },
  );
}

function decode(code: AttestryErrorCode, hash: string, bytes: Uint8Array): WitnessState {
  try {
    const state = decodeRecord(bytes);
    if (originHash(state.origin) === hash) return state;
  } catch (cause) {
    throw damaged(code, hash, cause);
  }
  throw damaged(code, hash);
}

function damaged(code: AttestryErrorCode, hash: string, cause?: unknown): AttestryError {
  return new AttestryError(
    code,
    `Expected the last cosigned checkpoint of log ${hash} as it was written, got other bytes. ${NO_BACKUP}`,
    { cause, details: { originHash: hash } },
  );
}
