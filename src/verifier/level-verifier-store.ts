/**
 * The verifier's own rows on LevelDB: one table letter, then keys whose byte order is the order wanted.
 *
 *   v                                       format of the store
 *   b ‖ id (32)                             bytes of a finding
 *   f ‖ number (8)                          what is said of it, canonical JSON, in the order of filing
 *   n ‖ origin hash (32) ‖ size (8) ‖ root (32)  known note (UTF-8)
 *   r ‖ origin hash (32) ‖ index (8)        refused entry, canonical JSON
 */
import { concatBytes } from '../core/bytes/equal.ts';
import { decodeHex } from '../core/bytes/hex.ts';
import { formatCanonicalJson } from '../core/bytes/json.ts';
import {
  anyText,
  array,
  digest,
  literal,
  nullable,
  object,
  type Reader,
} from '../core/bytes/shape.ts';
import { encodeUtf8 } from '../core/bytes/utf8.ts';
import { FINDING_KINDS } from '../core/finding/finding.ts';
import { sha256 } from '../core/merkle/hash.ts';
import { type AttestryErrorCode, ERROR_TABLE } from '../errors.ts';
import { type Disk, SYSTEM_DISK } from '../store/disk.ts';
import { closeLevelFolder, type LevelFolder } from '../store/level-folder.ts';
import { encodeUint64, type KeyRange } from '../store/level-keys.ts';
import { eachRow, getRow } from '../store/level-reads.ts';
import { decodeJsonRow, decodeTextRow, numberIn } from '../store/rows.ts';
import { storeFailure } from '../store/store-failure.ts';
import { claimFormat } from '../store/store-format.ts';
import { WriteQueue } from '../store/write-queue.ts';
import type { FiledFinding, KnownNote, RefusedRecord, VerifierStore } from './verifier-store.ts';

const SYNCED = { sync: true } as const;
const FORMAT = {
  key: encodeUtf8('v'),
  format: encodeUtf8('attestry verifier 1'),
  what: "a verifier's records",
};
const FINDING_BYTES = encodeUtf8('b');
const FILED = encodeUtf8('f');
const NOTE = encodeUtf8('n');
const REFUSED = encodeUtf8('r');
// Above every number that a key ends in: numbers stay below 2^53.
const END = new Uint8Array(8).fill(0xff);
const HASH = 32;

const code: Reader<AttestryErrorCode> = literal(
  ...(Object.keys(ERROR_TABLE) as AttestryErrorCode[]),
);
const models = array(digest, { max: 64 });

const filedRow: Reader<FiledFinding> = object<FiledFinding>({
  id: digest,
  origin: anyText,
  kind: literal(...FINDING_KINDS),
  foundAt: anyText,
  foundBy: nullable(anyText),
  accused: array(anyText, { min: 1, max: 257 }),
  code,
  sentence: anyText,
  models,
  wrong: anyText,
});

const refusedRow: Reader<Omit<RefusedRecord, 'index'>> = object<Omit<RefusedRecord, 'index'>>({
  code,
  message: anyText,
  models,
  previous: nullable(digest),
  evidence: literal('pending', 'filed', 'none'),
});

/** The store in a folder, which is made if it is not there. @throws STORE_LOCKED, STORE_FAILED, STORE_CORRUPT, CONFIG_INVALID */
export async function openLevelVerifierStore(
  folder: string,
  disk: Disk = SYSTEM_DISK,
): Promise<VerifierStore> {
  const db = await disk.openLevel(folder);
  try {
    await claimFormat(db, folder, FORMAT);
    const [last] = await db.keys({ ...tableRange(FILED), reverse: true, limit: 1 }).all();
    return new LevelVerifierStore(db, last === undefined ? 0 : numberIn(last, 1) + 1);
  } catch (error) {
    await db.close();
    throw storeFailure(`read the database in ${folder}`, error);
  }
}

class LevelVerifierStore implements VerifierStore {
  readonly #db: LevelFolder;
  readonly #writes = new WriteQueue();
  #nextNumber: number;

  constructor(db: LevelFolder, nextNumber: number) {
    this.#db = db;
    this.#nextNumber = nextNumber;
  }

  async addFinding(filed: FiledFinding, bytes: Uint8Array): Promise<void> {
    await this.#writes.run('keep a finding', async () => {
      const key = concatBytes(FILED, encodeUint64(this.#nextNumber));
      await this.#db.batch(
        [
          { type: 'put', key: findingKey(filed.id), value: bytes },
          { type: 'put', key, value: formatCanonicalJson(filed) },
        ],
        SYNCED,
      );
      this.#nextNumber++;
    });
  }

  findingBytes(id: string): Uint8Array | undefined {
    return getRow(this.#db, findingKey(id));
  }

  async filedFindings(): Promise<FiledFinding[]> {
    const filed: FiledFinding[] = [];
    for await (const [, row] of eachRow(this.#db, tableRange(FILED)))
      filed.push(decodeJsonRow(filedRow, row, 'A record of the verifier'));
    return filed;
  }

  async putNote(origin: string, known: KnownNote): Promise<void> {
    await this.#writes.run('keep a checkpoint', () =>
      this.#db.put(noteKey(origin, known), encodeUtf8(known.note), SYNCED),
    );
  }

  async deleteNotes(origin: string, notes: readonly KnownNote[]): Promise<void> {
    const rows = notes.map((known) => ({ type: 'del' as const, key: noteKey(origin, known) }));
    // Unsynced: a note that comes back is compared once more.
    if (rows.length > 0) await this.#writes.run('drop a checkpoint', () => this.#db.batch(rows));
  }

  async notes(origin: string): Promise<KnownNote[]> {
    const notes: KnownNote[] = [];
    for await (const [key, row] of eachRow(this.#db, logRange(NOTE, origin))) {
      const at = 1 + HASH;
      notes.push({
        size: numberIn(key, at),
        root: key.slice(at + 8),
        note: decodeTextRow(row, 'A kept checkpoint'),
      });
    }
    return notes;
  }

  async putRefused(origin: string, records: readonly RefusedRecord[]): Promise<void> {
    const rows = records.map(({ index, ...record }) => ({
      type: 'put' as const,
      key: refusedKey(origin, index),
      value: formatCanonicalJson(record),
    }));
    if (rows.length === 0) return;
    await this.#writes.run('keep refused entries', () => this.#db.batch(rows, SYNCED));
  }

  refusedAt(origin: string, index: number): RefusedRecord | undefined {
    const row = getRow(this.#db, refusedKey(origin, index));
    return row && { ...decodeJsonRow(refusedRow, row, 'A record of the verifier'), index };
  }

  async *refused(origin: string): AsyncGenerator<RefusedRecord> {
    for await (const [key, row] of eachRow(this.#db, logRange(REFUSED, origin))) {
      yield {
        ...decodeJsonRow(refusedRow, row, 'A record of the verifier'),
        index: numberIn(key, 1 + HASH),
      };
    }
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await closeLevelFolder(this.#db);
  }
}

function findingKey(id: string): Uint8Array {
  return concatBytes(FINDING_BYTES, decodeHex(id, HASH));
}

function noteKey(origin: string, { size, root }: KnownNote): Uint8Array {
  return concatBytes(logKey(NOTE, origin), encodeUint64(size), root);
}

function refusedKey(origin: string, index: number): Uint8Array {
  return concatBytes(logKey(REFUSED, origin), encodeUint64(index));
}

function logKey(table: Uint8Array, origin: string): Uint8Array {
  return concatBytes(table, sha256(encodeUtf8(origin)));
}

function logRange(table: Uint8Array, origin: string): KeyRange {
  return tableRange(logKey(table, origin));
}

function tableRange(prefix: Uint8Array): KeyRange {
  return { gte: prefix, lt: concatBytes(prefix, END) };
}
