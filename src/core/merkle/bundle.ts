/** Entry bundles, c2sp.org/tlog-tiles: up to 256 entries, each behind its length as two bytes, big-endian. */
import { AttestryError } from '../../errors.ts';
import { TILE_WIDTH } from './tile.ts';

/** The longest entry of a log: its length must fit in two bytes. */
export const LONGEST_ENTRY = 65_535;
const LENGTH_BYTES = 2;

/** The bytes of one to 256 entries. @throws ENTRY_TOO_LARGE */
export function encodeBundle(entries: readonly Uint8Array[]): Uint8Array {
  requireWidth(entries.length);
  const total = entries.reduce((sum, entry) => sum + LENGTH_BYTES + entryLength(entry), 0);
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const entry of entries) {
    view.setUint16(at, entry.length);
    bytes.set(entry, at + LENGTH_BYTES);
    at += LENGTH_BYTES + entry.length;
  }
  return bytes;
}

/** The entries of a bundle that must hold exactly `count`, as views of its bytes. @throws BUNDLE_MALFORMED */
export function decodeBundle(bytes: Uint8Array, count: number): Uint8Array[] {
  requireWidth(count);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (entries.length < count) {
    if (at + LENGTH_BYTES > bytes.length) throw malformed(count, `it ends after ${entries.length}`);
    const start = at + LENGTH_BYTES;
    at = start + view.getUint16(at);
    entries.push(bytes.subarray(start, at));
  }
  if (at !== bytes.length) throw malformed(count, `they take ${at} bytes of ${bytes.length}`);
  return entries;
}

function entryLength(entry: Uint8Array): number {
  if (entry.length > LONGEST_ENTRY) {
    throw new AttestryError(
      'ENTRY_TOO_LARGE',
      `Expected an entry of at most ${LONGEST_ENTRY} bytes, got ${entry.length}; log the digest of large content instead.`,
      { details: { limit: LONGEST_ENTRY, length: entry.length } },
    );
  }
  return entry.length;
}

function requireWidth(count: number): void {
  if (!Number.isInteger(count) || count < 1 || count > TILE_WIDTH) {
    throw new RangeError(`Expected 1 to ${TILE_WIDTH} entries in a bundle, got ${count}.`);
  }
}

function malformed(count: number, problem: string): AttestryError {
  return new AttestryError(
    'BUNDLE_MALFORMED',
    `Expected a bundle of ${count} entries, but ${problem}.`,
  );
}
