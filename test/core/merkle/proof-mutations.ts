/** Ways to spoil a proof. Each gives proofs that no verifier may accept in place of the good one. */
import fc from 'fast-check';

export interface SpoiledProof {
  readonly proof: readonly Uint8Array[];
  /** Whether the number of hashes is what changed. */
  readonly lengthChanged: boolean;
}

/** Every proof with one hash dropped, one added or two swapped, and with one bit flipped in each hash. */
export function* spoiledProofs(proof: readonly Uint8Array[], bit: number): Generator<SpoiledProof> {
  const extra = proof[0] ?? new Uint8Array(32);
  for (let i = 0; i <= proof.length; i++) {
    yield { proof: proof.toSpliced(i, 0, extra), lengthChanged: true };
  }
  for (const [i, hash] of proof.entries()) {
    yield { proof: proof.toSpliced(i, 1), lengthChanged: true };
    yield { proof: proof.with(i, withBitFlipped(hash, bit)), lengthChanged: false };
    const next = proof[i + 1];
    if (next === undefined) continue;
    yield { proof: proof.with(i, next).with(i + 1, hash), lengthChanged: false };
  }
}

export function withBitFlipped(hash: Uint8Array, bit: number): Uint8Array {
  return hash.map((byte, i) => (i === Math.floor(bit / 8) ? byte ^ (1 << (bit % 8)) : byte));
}

export const anyBit: fc.Arbitrary<number> = fc.nat(255);
