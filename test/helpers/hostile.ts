/** Input as an attacker sends it: noise, and good input with a few bytes changed, cut out, repeated or put in. */
import fc from 'fast-check';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { AttestryError } from '../../src/errors.ts';

const INTERESTING = '\0\t\n\r "+-0:=[]{}\\\x7f\u00a0\u202e\ufeff';

/** Bytes that are noise, or one of the seeds, or a seed damaged in one to three places. */
export function hostileBytes(...seeds: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fc.constantFrom(...Array.from(INTERESTING, encodeUtf8)),
  );
  const damage = fc.record({ at: fc.nat(), cut: fc.nat(3), piece });
  const damaged = fc
    .tuple(fc.constantFrom(...seeds), fc.array(damage, { maxLength: 3 }))
    .map(([seed, places]) => places.reduce(damageAt, seed));
  return fc.oneof({ weight: 1, arbitrary: fc.uint8Array() }, { weight: 9, arbitrary: damaged });
}

/** The same for formats that are text. */
export function hostileText(...seeds: readonly string[]): fc.Arbitrary<string> {
  const decoder = new TextDecoder();
  return hostileBytes(...seeds.map(encodeUtf8)).map((bytes) => decoder.decode(bytes));
}

/** What `parse` gives, or undefined where it refuses with a code; every other error is a defect and passes through. */
export function accepted<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof AttestryError) return undefined;
    throw error;
  }
}

function damageAt(
  bytes: Uint8Array,
  { at, cut, piece }: { at: number; cut: number; piece: Uint8Array },
): Uint8Array {
  const start = at % (bytes.length + 1);
  return Uint8Array.from([...bytes.subarray(0, start), ...piece, ...bytes.subarray(start + cut)]);
}
