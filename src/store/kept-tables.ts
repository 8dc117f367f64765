/**
 * Copies of the tables that say in which run of entries a hash may be, kept when a log is closed: so that the next start need
 * not learn them from every tile. They stand beside LevelDB's files, which lets others be. A copy is believed where its
 * checksum holds and the log has the root that it names; whatever is gone or damaged is learned from the tiles.
 *
 *   first line ‖ size (8) ‖ root (32) ‖ the table ‖ SHA-256 of all before (32)
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { bytesEqual, concatBytes } from '../core/bytes/equal.ts';
import { encodeUtf8 } from '../core/bytes/utf8.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import type { Disk } from './disk.ts';
import { decodeUint64, encodeUint64 } from './level-keys.ts';

const FIRST_LINE = encodeUtf8('attestry hashes 1\n');
const SIZE_AT = FIRST_LINE.length;
const ROOT_AT = SIZE_AT + 8;
const TABLE_AT = ROOT_AT + HASH_LENGTH;

/** The table of one generation of runs. */
export interface KeptTable {
  /** Entries of the log when it was kept, or up to the end of the generation. */
  readonly size: number;
  /** Of the log at this size. */
  readonly root: Uint8Array;
  readonly table: Uint8Array;
}

export interface KeptTables {
  /** Undefined where none is kept, or it is damaged. */
  read(generation: number): KeptTable | undefined;
  /** In place of the one before. */
  write(generation: number, table: KeptTable): Promise<void>;
}

/** In the folder of a log's database, which this process holds. */
export function keptTablesIn(folder: string, disk: Disk): KeptTables {
  const pathOf = (generation: number): string => join(folder, `hashes-${generation}`);
  return {
    read(generation) {
      try {
        return parseTable(disk.readFile(pathOf(generation)));
      } catch {
        return undefined;
      }
    },
    write: (generation, table) => disk.replaceFile(pathOf(generation), formatTable(table)),
  };
}

export function formatTable({ size, root, table }: KeptTable): Uint8Array {
  const body = [FIRST_LINE, encodeUint64(size), root, table];
  return concatBytes(...body, checksum(body));
}

/** Undefined where the bytes are not a whole table. */
export function parseTable(bytes: Uint8Array): KeptTable | undefined {
  const end = bytes.length - HASH_LENGTH;
  const size = decodeUint64(bytes, SIZE_AT);
  if (size === undefined || end < TABLE_AT) return undefined;
  if (!bytesEqual(bytes.subarray(0, SIZE_AT), FIRST_LINE)) return undefined;
  if (!bytesEqual(bytes.subarray(end), checksum([bytes.subarray(0, end)]))) return undefined;
  return { size, root: copyOf(bytes, ROOT_AT, TABLE_AT), table: copyOf(bytes, TABLE_AT, end) };
}

// Of a Buffer slice() shares memory, and the rest of the file would be held with it.
function copyOf(bytes: Uint8Array, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.subarray(start, end));
}

function checksum(parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
