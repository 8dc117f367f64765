/**
 * The head lock: the newest head that a log may have signed, outside its database. A database that loses its tail (a
 * damaged write-ahead log, a restored backup) looks like a clean, shorter log; signing on from there would be a fork.
 * The log asks this lock first.
 */
import { join } from 'node:path';
import { bytesEqual } from '../core/bytes/equal.ts';
import { decodeHex, encodeHex } from '../core/bytes/hex.ts';
import { formatCanonicalJson, parseCanonicalJson } from '../core/bytes/json.ts';
import { count, digest, object, readShape } from '../core/bytes/shape.ts';
import { HASH_LENGTH, sha256 } from '../core/merkle/hash.ts';
import { AttestryError } from '../errors.ts';
import { type Disk, SYSTEM_DISK } from './disk.ts';
import type { LevelFolder } from './level-folder.ts';
import type { Head } from './log-store.ts';
import { storeFailure } from './store-failure.ts';
import { WriteQueue } from './write-queue.ts';

type LockedHead = Head;

interface Held {
  readonly head: LockedHead;
  /** Where a record may be written over; undefined where the file has no room for two. */
  readonly free: number | undefined;
}

export interface HeadLock {
  /** The locked head as the file has it now; undefined before the first swap. @throws HEAD_MALFORMED, STORE_FAILED */
  read(): LockedHead | undefined;
  /**
   * Puts `next` in place of `expected`, synced, or changes nothing. After STORE_FAILED either head may be on disk, and
   * the lock takes no more swaps until it is opened anew.
   * @throws HEAD_CONFLICT when the file holds another head, HEAD_ROLLBACK and HEAD_FORK when `next` is no continuation
   */
  swap(expected: LockedHead | undefined, next: LockedHead): Promise<void>;
  close(): Promise<void>;
}

const FILE = 'head.json';

// Two records, each in a block of its own, written by turns: the head that counts is never the one written over. A record lies in
// one sector, which a disk writes whole or not at all, and the file does not grow: there is one sync of its bytes to wait for.
const RECORD_BYTES = 512;
const BLOCK_BYTES = 4096;
const FILE_BYTES = BLOCK_BYTES + RECORD_BYTES;

interface HeadRecord {
  readonly size: number;
  readonly root: string;
  /** Hex SHA-256 of the canonical JSON of the other two. */
  readonly checksum: string;
}

const HEAD_RECORD = object<HeadRecord>({ size: count, root: digest, checksum: digest });

/** The lock of a folder, which is made if it is not there. @throws STORE_LOCKED when another process holds it */
export async function openHeadLock(folder: string, disk: Disk = SYSTEM_DISK): Promise<HeadLock> {
  // An empty database, held open only for LevelDB's fcntl lock: Node has no file lock of its own, and the kernel takes
  // this one back the moment the process dies, which no pid file can promise. It holds no data and may be deleted.
  const guard = await disk.openLevel(join(folder, 'guard'));
  return new FileHeadLock(join(folder, FILE), { guard, disk });
}

class FileHeadLock implements HeadLock {
  readonly #path: string;
  readonly #guard: LevelFolder;
  readonly #disk: Disk;
  readonly #writes = new WriteQueue();

  constructor(path: string, { guard, disk }: { guard: LevelFolder; disk: Disk }) {
    this.#path = path;
    this.#guard = guard;
    this.#disk = disk;
  }

  read(): LockedHead | undefined {
    return this.#held()?.head;
  }

  async swap(expected: LockedHead | undefined, next: LockedHead): Promise<void> {
    const bytes = encodeRecord(next);
    await this.#writes.run('write the head lock', async () => {
      this.#demandHeld();
      const current = this.#held();
      if (!sameHead(current?.head, expected)) throw conflict(current?.head, expected);
      if (current !== undefined) demandContinuation(current.head, next);
      const at = current?.free;
      if (at === undefined) await this.#disk.replaceFile(this.#path, fileOf(bytes));
      else await this.#disk.overwriteFile(this.#path, { at, bytes });
    });
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await this.#guard.close();
  }

  #held(): Held | undefined {
    const file = readIfThere(this.#disk, this.#path);
    return file && decodeFile(file, this.#path);
  }

  #demandHeld(): void {
    if (this.#guard.status === 'open') return;
    throw new AttestryError('STORE_FAILED', 'Expected an open head lock; this one is closed.');
  }
}

function readIfThere(disk: Disk, path: string): Uint8Array | undefined {
  try {
    return disk.readFile(path);
  } catch (error) {
    // Only this one error means that there is no head; any other means that we do not know.
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw storeFailure(`read ${path}`, error);
  }
}

function encodeRecord({ size, root }: LockedHead): Uint8Array {
  if (!Number.isSafeInteger(size) || size < 0 || root.length !== HASH_LENGTH) {
    throw new RangeError(`Expected a size and a root of 32 bytes, got ${size} and ${root.length}.`);
  }
  const fields = { size, root: encodeHex(root) };
  return lineOf(formatCanonicalJson({ ...fields, checksum: checksumOf(fields) }));
}

/** JSON at the end of its line, so that a file that was cut off begins with no record. */
function lineOf(json: Uint8Array): Uint8Array {
  const line = Buffer.alloc(RECORD_BYTES, ' ');
  line.set(json, RECORD_BYTES - 1 - json.length);
  line.write('\n', RECORD_BYTES - 1);
  return line;
}

/** A file in which both records are the same. */
function fileOf(record: Uint8Array): Uint8Array {
  const file = Buffer.alloc(FILE_BYTES, ' ');
  file.set(record);
  file.set(record, BLOCK_BYTES);
  return file;
}

/** A file may also be the JSON of one record and nothing else: so it is written by hand. */
function decodeFile(file: Uint8Array, path: string): Held {
  if (file.length !== FILE_BYTES) return { head: decodeJson(file, path), free: undefined };
  const first = decodeRecord(file.subarray(0, RECORD_BYTES), path);
  const second = decodeRecord(file.subarray(BLOCK_BYTES), path);
  return first.size > second.size ? { head: first, free: BLOCK_BYTES } : { head: second, free: 0 };
}

function decodeRecord(record: Uint8Array, path: string): LockedHead {
  const json = record.subarray(record.indexOf('{'.charCodeAt(0)), -1);
  if (!bytesEqual(lineOf(json), record)) throw malformed(path);
  return decodeJson(json, path);
}

function decodeJson(json: Uint8Array, path: string): LockedHead {
  const { size, root, checksum } = parseRecord(json, path);
  if (checksum !== checksumOf({ size, root })) throw malformed(path);
  return { size, root: decodeHex(root) };
}

function parseRecord(bytes: Uint8Array, path: string): HeadRecord {
  try {
    return readShape('HEAD_MALFORMED', HEAD_RECORD, parseCanonicalJson(bytes));
  } catch (cause) {
    throw malformed(path, cause);
  }
}

// Not against an attacker, who can compute it too: against a damaged digit being read as another size.
function checksumOf(fields: { size: number; root: string }): string {
  return encodeHex(sha256(formatCanonicalJson({ size: fields.size, root: fields.root })));
}

function sameHead(a: LockedHead | undefined, b: LockedHead | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.size === b.size && bytesEqual(a.root, b.root);
}

function demandContinuation(current: LockedHead, next: LockedHead): void {
  if (next.size < current.size) {
    throw new AttestryError(
      'HEAD_ROLLBACK',
      `Expected a head of at least ${current.size} entries, got one of ${next.size}: a log never shrinks.`,
    );
  }
  if (next.size === current.size && !sameHead(current, next)) {
    throw new AttestryError(
      'HEAD_FORK',
      `Expected root ${encodeHex(current.root)} at size ${current.size}, got ${encodeHex(next.root)}.`,
    );
  }
}

function conflict(
  current: LockedHead | undefined,
  expected: LockedHead | undefined,
): AttestryError {
  return new AttestryError(
    'HEAD_CONFLICT',
    `Expected the head lock to hold ${describe(expected)}, found ${describe(current)}: something else writes this log. Stop it.`,
    { details: { expectedSize: expected?.size ?? null, size: current?.size ?? null } },
  );
}

function describe(head: LockedHead | undefined): string {
  return head === undefined ? 'nothing' : `size ${head.size} with root ${encodeHex(head.root)}`;
}

function malformed(path: string, cause?: unknown): AttestryError {
  return new AttestryError(
    'HEAD_MALFORMED',
    `The head lock ${path} is damaged. Do not delete it: find the newest checkpoint that a witness has, and compare.`,
    { cause },
  );
}
