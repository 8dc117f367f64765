/** Tally proofs as bytes: nodes in the order node, left, right; each after one byte that says its form. */
import { AttestryError } from '../../errors.ts';
import { concatBytes } from '../bytes/equal.ts';
import { KEY_BITS, KEY_BYTES, prefixOf } from './key.ts';
import { encodeSummary } from './node.ts';
import type { ProofNode, TallyProof } from './proof.ts';
import { decodeSums, encodeSums, SUMS_BYTES } from './sums.ts';

const FORM_BYTE = { pruned: 0, leaf: 1, inner: 2 } as const;
// A path has at most one inner node for every bit of a key.
const DEEPEST = KEY_BITS;

/** Nothing for an empty tally. */
export function encodeTallyProof(proof: TallyProof): Uint8Array {
  const parts: Uint8Array[] = [];
  if (proof !== null) encodeNode(proof, parts);
  return concatBytes(...parts);
}

/** @throws TALLY_PROOF_MALFORMED */
export function decodeTallyProof(bytes: Uint8Array): TallyProof {
  if (bytes.length === 0) return null;
  const reader = new ProofReader(bytes);
  const proof = decodeNode(reader, 0);
  if (!reader.atEnd) throw malformed('nothing behind its last node');
  return proof;
}

function encodeNode(node: ProofNode, parts: Uint8Array[]): void {
  parts.push(Uint8Array.of(FORM_BYTE[node.form]));
  if (node.form === 'pruned') parts.push(encodeSummary(node));
  else if (node.form === 'leaf') parts.push(node.key, node.entryHash, encodeSums(node.sums));
  else {
    const { length, bits } = node.prefix;
    parts.push(Uint8Array.of(length >> 8, length & 0xff), bits.subarray(0, Math.ceil(length / 8)));
    encodeNode(node.left, parts);
    encodeNode(node.right, parts);
  }
}

function decodeNode(reader: ProofReader, depth: number): ProofNode {
  const form = reader.take(1)[0];
  if (form === FORM_BYTE.pruned) {
    return {
      form: 'pruned',
      hash: reader.take(32),
      count: reader.takeCount(),
      sums: decodeSums(reader.take(SUMS_BYTES)),
    };
  }
  if (form === FORM_BYTE.leaf) {
    return {
      form: 'leaf',
      key: reader.take(KEY_BYTES),
      entryHash: reader.take(32),
      sums: decodeSums(reader.take(SUMS_BYTES)),
    };
  }
  if (form !== FORM_BYTE.inner || depth === DEEPEST)
    throw malformed('nodes of form 0, 1 or 2, at most 360 deep');
  const prefix = decodePrefix(reader);
  const left = decodeNode(reader, depth + 1);
  return { form: 'inner', prefix, left, right: decodeNode(reader, depth + 1) };
}

function decodePrefix(reader: ProofReader): ReturnType<typeof prefixOf> {
  const [high = 0, low = 0] = reader.take(2);
  const length = high * 256 + low;
  if (length >= KEY_BITS) throw malformed('prefixes shorter than a key');
  const given = reader.take(Math.ceil(length / 8));
  const padded = new Uint8Array(KEY_BYTES);
  padded.set(given);
  const prefix = prefixOf(padded, length);
  if (prefix.bits.some((byte, i) => byte !== padded[i]))
    throw malformed('zero bits behind a prefix');
  return prefix;
}

class ProofReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  take(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw malformed('all bytes of its last node');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  takeCount(): number {
    const bytes = this.take(8);
    const count = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0));
    if (!Number.isSafeInteger(count)) throw malformed('counts below 2^53');
    return count;
  }
}

function malformed(expected: string): AttestryError {
  return new AttestryError('TALLY_PROOF_MALFORMED', `Expected a tally proof with ${expected}.`);
}
