import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareBytes } from '../../../src/core/bytes/equal.ts';
import { encodeHex } from '../../../src/core/bytes/hex.ts';
import { KINDS, type Statement } from '../../../src/core/statement/statement.ts';
import {
  bitAt,
  childPrefix,
  decodeKey,
  encodeKey,
  hourOf,
  KEY_BITS,
  KEY_BYTES,
  type KeyRange,
  KIND_BYTE,
  keysOf,
  positionOf,
  prefixOf,
  rangeOfHours,
  rangeOfKinds,
  sharedBits,
  spanOf,
  startsWith,
} from '../../../src/core/tally/key.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { step } from '../../helpers/memory-tally.ts';
import { digestOf, MODEL, sampleStatement } from '../../helpers/statements.ts';

const anyKey = fc.uint8Array({ minLength: KEY_BYTES, maxLength: KEY_BYTES });
const anyParts = fc.record({
  model: fc.uint8Array({ minLength: 32, maxLength: 32 }).map(encodeHex),
  kind: fc.constantFrom(...KINDS),
  hour: fc.nat(2 ** 32 - 1),
  index: fc.maxSafeNat(),
});

function bitsOf(key: Uint8Array): string {
  return Array.from({ length: KEY_BITS }, (_, i) => bitAt(key, i)).join('');
}

describe('encodeKey', () => {
  it('writes model, kind, hour and index, all big-endian', () => {
    const key = encodeKey({ model: MODEL, kind: 'revocation', hour: 0x01020304, index: 0x0506 });
    expect(encodeHex(key)).toBe(`${MODEL}05010203040000000000000506`);
  });

  it('gives every kind a byte of its own that never changes', () => {
    expect(KIND_BYTE).toEqual({
      training: 1,
      evaluation: 2,
      deployment: 3,
      usage: 4,
      revocation: 5,
    });
  });

  it('gives back its parts, and sorts as they do', () => {
    fc.assert(
      fc.property(anyParts, anyParts, (a, b) => {
        expect(decodeKey(encodeKey(a))).toEqual(a);
        const tuple = ({ model, kind, hour, index }: typeof a): string =>
          [
            model,
            KIND_BYTE[kind],
            String(hour).padStart(10, '0'),
            String(index).padStart(16, '0'),
          ].join();
        const wanted = tuple(a) < tuple(b) ? -1 : tuple(a) > tuple(b) ? 1 : 0;
        expect(Math.sign(compareBytes(encodeKey(a), encodeKey(b)))).toBe(wanted);
      }),
    );
  });

  it('refuses what no key can hold', () => {
    const parts = { model: MODEL, kind: 'usage', hour: 1, index: 1 } as const;
    const wrong = [
      { hour: -1 },
      { hour: 2 ** 32 },
      { hour: 0.5 },
      { hour: Number.NaN },
      { index: -1 },
      { index: 2 ** 53 },
      { index: 0.5 },
    ];
    for (const part of wrong) expect(() => encodeKey({ ...parts, ...part })).toThrow(RangeError);
    for (const model of ['', 'AA'.repeat(32), '00'.repeat(31)])
      expect(codeOf(() => encodeKey({ ...parts, model }))).toBe('HEX_MALFORMED');
  });
});

describe('decodeKey', () => {
  it('does not know kinds without a name, nor indexes that no log reaches', () => {
    const key = encodeKey({ model: MODEL, kind: 'usage', hour: 1, index: Number.MAX_SAFE_INTEGER });
    expect(decodeKey(key)?.index).toBe(Number.MAX_SAFE_INTEGER);
    expect(decodeKey(step(key, 1))).toBeUndefined();
    for (const kind of [0, 6, 255]) expect(decodeKey(key.with(32, kind))).toBeUndefined();
  });

  it('reads a key that stands in the middle of other bytes', () => {
    const parts = { model: MODEL, kind: 'usage', hour: 7, index: 9 } as const;
    const bytes = new Uint8Array(100);
    bytes.set(encodeKey(parts), 11);
    expect(decodeKey(bytes.subarray(11, 11 + KEY_BYTES))).toEqual(parts);
  });
});

describe('keysOf', () => {
  it('takes the hour of usage from its window, of all else from when it was issued', () => {
    const context = { issuedAt: '2026-10-01T12:59:59Z' };
    for (const kind of KINDS) {
      const [key, ...more] = keysOf(sampleStatement(kind, { context }) as Statement, 5);
      expect(more).toEqual([]);
      const hour = Date.parse('2026-10-01T00:00:00Z') / 3_600_000 + (kind === 'usage' ? 10 : 12);
      expect(key && decodeKey(key)).toEqual({ model: MODEL, kind, hour, index: 5 });
    }
  });

  it('gives a statement about several models a key for each', () => {
    const models = ['a', 'b', 'c'].map(digestOf);
    const subject = models.map((sha256) => ({ name: 'model.bin', digest: { sha256 } }));
    const keys = keysOf(sampleStatement('evaluation', { subject }), 3);
    expect(keys.map((key) => decodeKey(key)?.model)).toEqual(models);
  });
});

describe('hourOf', () => {
  it('counts whole hours since 1970', () => {
    expect([0, 3599, 3600, 253_402_300_799].map(hourOf)).toEqual([0, 0, 1, 70_389_527]);
  });
});

describe('prefixOf, childPrefix, sharedBits and startsWith', () => {
  it('agree with bits written as text', () => {
    fc.assert(
      fc.property(anyKey, anyKey, fc.nat(KEY_BITS), fc.boolean(), (a, b, length, near) => {
        const other = near ? Uint8Array.from(a).fill(b[0] as number, length >> 3) : b;
        const [bitsA, bitsB] = [bitsOf(a), bitsOf(other)];
        const prefix = prefixOf(a, length);
        expect(bitsOf(prefix.bits)).toBe(bitsA.slice(0, length).padEnd(KEY_BITS, '0'));
        expect(startsWith(other, prefix)).toBe(bitsB.startsWith(bitsA.slice(0, length)));
        const parting = [...bitsA].findIndex((bit, i) => bit !== bitsB[i]);
        expect(sharedBits(a, other)).toBe(parting < 0 ? KEY_BITS : parting);
        if (length === KEY_BITS) return;
        for (const bit of [0, 1] as const) {
          const child = childPrefix(prefix, bit);
          const wanted = `${bitsA.slice(0, length)}${bit}`;
          expect([child.length, bitsOf(child.bits)]).toEqual([
            length + 1,
            wanted.padEnd(KEY_BITS, '0'),
          ]);
        }
      }),
      { numRuns: 400 },
    );
  });
});

/** How a span lies to a range, with keys as hex text. */
function naivePosition([low, high]: readonly [string, string], range: KeyRange): string {
  const [first, last] = [encodeHex(range.first), encodeHex(range.last)];
  if (high < first || low > last) return 'outside';
  return low >= first && high <= last ? 'inside' : 'straddles';
}

describe('spanOf and positionOf', () => {
  const anyPrefix = fc
    .tuple(anyKey, fc.nat(KEY_BITS))
    .map(([key, length]) => prefixOf(key, length));

  it('give the smallest and the largest key with a prefix', () => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        const bits = bitsOf(prefix.bits).slice(0, prefix.length);
        const { first, last } = spanOf(prefix);
        expect([bitsOf(first), bitsOf(last)]).toEqual([
          bits.padEnd(KEY_BITS, '0'),
          bits.padEnd(KEY_BITS, '1'),
        ]);
      }),
    );
  });

  it('tell whether none, all or some of the keys with a prefix lie in a range', () => {
    // Ranges whose edges meet the span's edges are where mistakes hide.
    const anyEdges = (span: KeyRange): fc.Arbitrary<KeyRange> =>
      fc
        .tuple(...[span.first, span.last].map((edge) => anyEdge(edge)))
        .map((edges) => edges.toSorted(compareBytes))
        .map(([first = span.first, last = span.last]) => ({ first, last }));
    const anyEdge = (edge: Uint8Array): fc.Arbitrary<Uint8Array> =>
      fc.oneof(anyKey, fc.constantFrom(edge, step(edge, 1), step(edge, -1)));
    const any = anyPrefix.map(spanOf).chain((span) => fc.tuple(fc.constant(span), anyEdges(span)));
    fc.assert(
      fc.property(any, ([span, range]) => {
        const ends = [encodeHex(span.first), encodeHex(span.last)] as const;
        expect(positionOf(span, range)).toBe(naivePosition(ends, range));
      }),
      { numRuns: 500 },
    );
  });
});

describe('rangeOfKinds and rangeOfHours', () => {
  it('hold exactly the keys of their kinds and hours', () => {
    const kinds = rangeOfKinds(MODEL, { first: 3, last: 4 });
    expect(encodeHex(kinds.first)).toBe(`${MODEL}03${'00'.repeat(12)}`);
    expect(encodeHex(kinds.last)).toBe(`${MODEL}04${'ff'.repeat(12)}`);
    const hours = rangeOfHours({ model: MODEL, kind: 'usage' }, { first: 1, last: 2 });
    expect(encodeHex(hours.first)).toBe(`${MODEL}0400000001${'00'.repeat(8)}`);
    expect(encodeHex(hours.last)).toBe(`${MODEL}0400000002${'ff'.repeat(8)}`);
    expect(codeOf(() => rangeOfKinds('model', { first: 0, last: 255 }))).toBe('HEX_MALFORMED');
  });
});
