import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DsseFormat, jsonDsseParser } from '../../../src/core/statement/dsse.ts';
import { PAYLOAD_TYPE, signEnvelope } from '../../../src/core/statement/envelope.ts';
import { plainDsseReader } from '../../../src/core/statement/plain-dsse.ts';
import { operatorSeed } from '../../helpers/fixtures.ts';
import { accepted, hostileBytes } from '../../helpers/hostile.ts';

const FORMAT: DsseFormat = {
  payloadType: PAYLOAD_TYPE,
  signatures: { min: 1, max: 3 },
  malformed: 'ENVELOPE_MALFORMED',
  otherType: 'ENVELOPE_PAYLOAD_TYPE',
};
const readPlainly = plainDsseReader(FORMAT);
const parse = jsonDsseParser(FORMAT);

const SEEDS = Array.from({ length: 4 }, (_, i) => operatorSeed('operator-eu', i + 1));
const entryOf = (length: number, signers: number): Uint8Array =>
  signEnvelope(new Uint8Array(length).fill(0xa7), SEEDS.slice(0, signers)).entry;
const ENTRIES = [0, 1, 2, 3, 500].flatMap((length) => [1, 2, 3].map((n) => entryOf(length, n)));

describe('plainDsseReader', () => {
  it('reads what is signed as the plain way does', () => {
    for (const entry of ENTRIES) {
      expect(readPlainly(entry)).toBeDefined();
      expect(readPlainly(entry)).toEqual(parse(entry));
    }
  });

  it('says yes to nothing but what the plain way gives, whatever is changed', () => {
    const seeds = [...ENTRIES, entryOf(9, 4)];
    fc.assert(
      fc.property(hostileBytes(...seeds), (bytes) => {
        const read = readPlainly(bytes);
        if (read !== undefined) expect(read).toEqual(accepted(() => parse(bytes)));
      }),
      { numRuns: 300 },
    );
  });

  // Each place by itself: a letter that is not compared would be a second spelling of the same statement.
  it('says no wherever the plain way refuses, at each byte of an envelope', () => {
    const entry = entryOf(4, 1);
    for (let at = 0; at < entry.length; at++) {
      for (const flip of [0x01, 0x20]) {
        const changed = Uint8Array.from(entry);
        changed[at] = (changed[at] as number) ^ flip;
        expect(readPlainly(changed), `byte ${at} ^ ${flip}`).toEqual(
          accepted(() => parse(changed)),
        );
      }
    }
  });

  it('leaves an envelope with too many signatures, or none, to the plain way', () => {
    expect(readPlainly(entryOf(5, 4))).toBeUndefined();
    const none = Buffer.from(`{"payload":"","payloadType":"${PAYLOAD_TYPE}","signatures":[]}`);
    expect(readPlainly(none)).toBeUndefined();
  });
});
