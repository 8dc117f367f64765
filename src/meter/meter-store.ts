/** What a meter keeps, in LevelDB: every write is on disk before it is answered, those that wait go together. */
import { bytesEqual, concatBytes } from '../core/bytes/equal.ts';
import { formatCanonicalJson } from '../core/bytes/json.ts';
import { decodeUtf8, encodeUtf8 } from '../core/bytes/utf8.ts';
import { SALT_BYTES } from '../core/metering/customer.ts';
import {
  formatUsageReceipt,
  parseUsageReceipt,
  type SignedUsageReceipt,
} from '../core/metering/usage-receipt.ts';
import { formatReceipt, parseReceipt, type Receipt } from '../core/receipt/receipt.ts';
import { type Envelope, parseEnvelope } from '../core/statement/envelope.ts';
import { AttestryError } from '../errors.ts';
import { closeLevelFolder, type LevelFolder, openLevelFolder } from '../store/level-folder.ts';
import { decodeUint64, type KeyRange } from '../store/level-keys.ts';
import { storeCorrupt, storeFailure } from '../store/store-failure.ts';
import { WriteQueue } from '../store/write-queue.ts';
import { compact, eraseRows } from './erasure.ts';
import type { Place } from './meter-rows.ts';
import * as rows from './meter-rows.ts';

/** What a folder's meter counts; a folder serves one meter for ever. */
export interface MeterIdentity {
  readonly operator: string;
  readonly log: string;
  readonly meter: string;
  readonly model: string;
}

/** A salt and the commitment that it opens. */
export interface StoredSalt {
  readonly place: Place;
  readonly salt: Uint8Array;
  readonly commitment: Uint8Array;
}

export interface StoredRequest {
  readonly requestId: string;
  readonly place: Place;
  readonly receipt: SignedUsageReceipt;
  readonly salt: Omit<StoredSalt, 'place'> | undefined;
}

interface Row {
  readonly type: 'put';
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

const SYNCED = { sync: true } as const;
const FORMAT = encodeUtf8('attestry meter 1');
const NOTHING = new Uint8Array(0);

/**
 * The store in a folder, which is made if it is not there; one process at a time may hold it.
 * @throws STORE_LOCKED, STORE_FAILED, STORE_CORRUPT, and CONFIG_INVALID for the folder of something else
 */
export async function openMeterStore(folder: string, identity: MeterIdentity): Promise<MeterStore> {
  const db = await openLevelFolder(folder);
  try {
    await claimFolder(db, folder, identity);
    if (db.getSync(rows.ERASING_KEY) !== undefined) await finishErasure(db);
  } catch (error) {
    await db.close();
    throw storeFailure(`read the database in ${folder}`, error);
  }
  return new MeterStore(db);
}

async function claimFolder(
  db: LevelFolder,
  folder: string,
  identity: MeterIdentity,
): Promise<void> {
  const expected = formatCanonicalJson(identity);
  const [format, claimed] = [db.getSync(rows.FORMAT_KEY), db.getSync(rows.IDENTITY_KEY)];
  if (format !== undefined && claimed !== undefined) {
    if (bytesEqual(format, FORMAT) && bytesEqual(claimed, expected)) return;
    throw new AttestryError(
      'CONFIG_INVALID',
      `Expected ${folder} to be the folder of ${decodeUtf8(expected)}, it is that of ${decodeUtf8(claimed)}. Name another folder.`,
    );
  }
  if ((await db.keys({ limit: 1 }).all()).length > 0) {
    throw new AttestryError(
      'CONFIG_INVALID',
      `Expected ${folder} to be empty or to hold a meter of this version; it holds another database. Name another folder.`,
    );
  }
  await db.batch([put(rows.FORMAT_KEY, FORMAT), put(rows.IDENTITY_KEY, expected)], SYNCED);
}

/** After a kill in the middle of it: the rows are deleted, their bytes may still be there. */
async function finishErasure(db: LevelFolder): Promise<void> {
  await compact(db, rows.tableRange('s'));
  await db.del(rows.ERASING_KEY, SYNCED);
}

export class MeterStore {
  readonly #db: LevelFolder;
  readonly #writes = new WriteQueue();
  #waiting: Row[] = [];
  #next: Promise<void> | undefined;

  constructor(db: LevelFolder) {
    this.#db = db;
  }

  /** A request in the open window. */
  putRequest({ requestId, place, receipt, salt }: StoredRequest): Promise<void> {
    const secret =
      salt === undefined
        ? []
        : [put(rows.requestKey('s', place), concatBytes(salt.salt, salt.commitment))];
    return this.#put([
      put(rows.requestKey('r', place), formatUsageReceipt(receipt)),
      put(rows.placeKey(requestId), rows.encodePlace(place)),
      ...secret,
    ]);
  }

  /** A window that is closed and signed: pending from now on. */
  putWindow(sequence: number, envelope: Envelope): Promise<void> {
    return this.#put([
      put(rows.windowKey('w', sequence), envelope.entry),
      put(rows.windowKey('p', sequence), NOTHING),
    ]);
  }

  /** The log's receipt of a window; with a witnessed one the window is not pending any more. */
  async putLogReceipt(sequence: number, receipt: Receipt, isWitnessed: boolean): Promise<void> {
    const row = put(rows.windowKey('l', sequence), formatReceipt(receipt));
    const pending = rows.windowKey('p', sequence);
    await this.#writes.run("keep the log's receipt", () =>
      this.#db.batch(isWitnessed ? [row, { type: 'del', key: pending }] : [row], SYNCED),
    );
  }

  place(requestId: string): Place | undefined {
    const row = this.#get(rows.placeKey(requestId));
    if (row === undefined) return undefined;
    const place = rows.decodePlace(row, 0);
    if (place === undefined) throw storeCorrupt(`The place of request ${requestId} is damaged`);
    return place;
  }

  receipt(place: Place): SignedUsageReceipt {
    const row = this.#get(rows.requestKey('r', place));
    if (row === undefined) throw storeCorrupt('A usage receipt is gone');
    return decode('A usage receipt', () => parseUsageReceipt(row));
  }

  /** Undefined for a request without customer, and after the customer was erased. */
  salt(place: Place): Uint8Array | undefined {
    return this.#get(rows.requestKey('s', place))?.slice(0, SALT_BYTES);
  }

  /** The usage receipts of a window in their order. */
  async receipts(sequence: number): Promise<SignedUsageReceipt[]> {
    const found = await this.#scan(rows.receiptRange(sequence));
    return found.map(([key, row], index) => {
      if (rows.decodePlace(key, 1)?.index !== index) throw storeCorrupt('A usage receipt is gone');
      return decode('A usage receipt', () => parseUsageReceipt(row));
    });
  }

  window(sequence: number): Envelope | undefined {
    const row = this.#get(rows.windowKey('w', sequence));
    return row && decode('A closed window', () => parseEnvelope(row));
  }

  /** The sequence of the newest closed window. */
  async newestWindow(): Promise<number | undefined> {
    const [row] = await this.#scan({ ...rows.tableRange('w'), reverse: true, limit: 1 });
    return row && sequenceIn(row[0]);
  }

  logReceipt(sequence: number): Receipt | undefined {
    const row = this.#get(rows.windowKey('l', sequence));
    return row && decode("The log's receipt of a window", () => parseReceipt(row));
  }

  /** Sequences of the windows that the log has not given a witnessed receipt of, ascending. */
  async pending(): Promise<number[]> {
    const found = await this.#scan(rows.tableRange('p'));
    return found.map(([key]) => sequenceIn(key));
  }

  async *salts(): AsyncGenerator<StoredSalt> {
    try {
      for await (const [key, value] of this.#db.iterator(rows.tableRange('s'))) {
        const [place, row] = [rows.decodePlace(key, 1), plain(value)];
        if (place === undefined) throw storeCorrupt('The key of a salt is damaged');
        yield { place, salt: row.slice(0, SALT_BYTES), commitment: row.slice(SALT_BYTES) };
      }
    } catch (error) {
      throw storeFailure('read from the meter', error);
    }
  }

  /** Destroys these salts: afterwards no file of the folder holds their bytes. @throws METER_ERASURE_INCOMPLETE */
  async eraseSalts(salts: readonly StoredSalt[]): Promise<void> {
    await this.#writes.run('erase salts', async () => {
      await this.#db.put(rows.ERASING_KEY, NOTHING, SYNCED);
      await eraseRows(this.#db, {
        range: rows.tableRange('s'),
        keys: salts.map(({ place }) => rows.requestKey('s', place)),
        secrets: salts.map(({ salt }) => salt),
      });
      await this.#db.del(rows.ERASING_KEY, SYNCED);
    });
  }

  /** Resolves when every write asked for before has ended, well or badly. */
  idle(): Promise<void> {
    return this.#writes.idle();
  }

  async close(): Promise<void> {
    await this.#writes.idle();
    await closeLevelFolder(this.#db);
  }

  // Whatever is asked for while a write is under way goes into the next one, in the order of the calls.
  #put(added: readonly Row[]): Promise<void> {
    this.#waiting.push(...added);
    this.#next ??= this.#writes.run('write to the meter', async () => {
      const batch = this.#waiting;
      this.#waiting = [];
      this.#next = undefined;
      await this.#db.batch(batch, SYNCED);
    });
    return this.#next;
  }

  #get(key: Uint8Array): Uint8Array | undefined {
    try {
      const value = this.#db.getSync(key);
      return value && plain(value);
    } catch (error) {
      throw storeFailure('read from the meter', error);
    }
  }

  async #scan(
    range: KeyRange & { readonly reverse?: boolean; readonly limit?: number },
  ): Promise<[Uint8Array, Uint8Array][]> {
    try {
      const found = await this.#db.iterator(range).all();
      return found.map(([key, value]) => [plain(key), plain(value)]);
    } catch (error) {
      throw storeFailure('read from the meter', error);
    }
  }
}

function put(key: Uint8Array, value: Uint8Array): Row {
  return { type: 'put', key, value };
}

function sequenceIn(key: Uint8Array): number {
  const sequence = key.length === 9 ? decodeUint64(key, 1) : undefined;
  if (sequence === undefined) throw storeCorrupt('The key of a window is damaged');
  return sequence;
}

function decode<T>(what: string, parse: () => T): T {
  try {
    return parse();
  } catch (error) {
    throw storeCorrupt(`${what} is damaged`, error);
  }
}

// level gives Buffers, whose slice() shares memory where a Uint8Array's copies.
function plain(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}
