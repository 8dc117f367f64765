import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeUtf8, encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { decodeRecord, encodeRecord } from '../../src/witness/witness-record.ts';
import type { WitnessState } from '../../src/witness/witness-store.ts';
import { makeSignedLog } from '../helpers/signed-log.ts';

const log = makeSignedLog('log.example/eu', 5);
const state: WitnessState = {
  origin: log.origin,
  size: 5,
  root: log.tree.root(5),
  time: 1_790_000_000,
  note: log.checkpoint(5),
};

describe('decodeRecord', () => {
  it('gives back what was encoded', () => {
    expect(decodeRecord(encodeRecord(state))).toEqual(state);
  });

  it('refuses a record with any one bit flipped', () => {
    const record = encodeRecord(state);
    for (let bit = 0; bit < record.length * 8; bit++) {
      const flipped = Uint8Array.from(record);
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(() => decodeRecord(flipped), `bit ${bit}`).toThrow(Error);
    }
  });

  it('refuses a record cut short or made longer', () => {
    const record = encodeRecord(state);
    for (let length = 0; length < record.length; length++) {
      expect(() => decodeRecord(record.subarray(0, length))).toThrow(Error);
    }
    expect(() => decodeRecord(encodeUtf8(`${decodeUtf8(record)}\n`))).toThrow(Error);
    expect(() => decodeRecord(new Uint8Array(187))).toThrow(Error);
  });

  it('refuses a right checksum over a note that is none', () => {
    expect(() => decodeRecord(encodeRecord({ ...state, note: 'no note\n' }))).toThrow(Error);
  });

  it('refuses arbitrary bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(() => decodeRecord(bytes)).toThrow(Error);
      }),
    );
  });
});
