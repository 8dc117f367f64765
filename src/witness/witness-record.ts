/**
 * The bytes of one stored witness state, with a checksum of their own: LevelDB returns a flipped bit as if it had been
 * written. Size, root and origin stand only in the note, so that no two fields can disagree.
 *
 *     attestry-witness-state/v1
 *     sha256 <hex of all bytes after this line>
 *     time <unix seconds>
 *     <blank line>
 *     <checkpoint note>
 */
import { parseDecimal } from '../core/bytes/decimal.ts';
import { encodeHex } from '../core/bytes/hex.ts';
import { decodeUtf8, encodeUtf8 } from '../core/bytes/utf8.ts';
import { sha256 } from '../core/merkle/hash.ts';
import { parseCheckpoint } from '../core/note/checkpoint.ts';
import type { WitnessState } from './witness-store.ts';

const RECORD = /^attestry-witness-state\/v1\nsha256 ([0-9a-f]{64})\n(time ([0-9]+)\n\n(.*))$/s;

export function encodeRecord(state: WitnessState): Uint8Array {
  const content = `time ${state.time}\n\n${state.note}`;
  return encodeUtf8(`attestry-witness-state/v1\nsha256 ${checksum(content)}\n${content}`);
}

/** The state in a record. Throws an Error that says what is damaged; the store gives it its code. */
export function decodeRecord(bytes: Uint8Array): WitnessState {
  const [, sum, content, time, note] = RECORD.exec(decodeUtf8(bytes)) ?? [];
  if (content === undefined || time === undefined || note === undefined) {
    throw new Error('the record does not have its form');
  }
  if (checksum(content) !== sum) throw new Error('the record does not have its checksum');
  const { origin, size, root } = parseCheckpoint(note).checkpoint;
  return { origin, size, root, time: parseDecimal(time), note };
}

function checksum(content: string): string {
  return encodeHex(sha256(encodeUtf8(content)));
}
