/**
 * The compact bytes in which proofs are sent and nodes are stored: no leading zero bytes of a number, and of a key only
 * what its place in the trie does not say already. One value has one spelling.
 */
import type { AttestryError } from '../../errors.ts';
import { HASH_LENGTH } from '../merkle/hash.ts';
import { KEY_BITS, KEY_BYTES, type Prefix, startsWith } from './key.ts';
import type { Summary } from './node.ts';
import { readSum, SUM_BYTES, type Sums, TALLY_METRICS, writeSum, ZERO_SUMS } from './sums.ts';

// One number at a time, 16 bytes wide; nothing here is asynchronous.
const number = new Uint8Array(SUM_BYTES);
const numberView = new DataView(number.buffer);

const copyOf = (bytes: Uint8Array): Uint8Array => bytes.slice();

/** Writes one thing after the other; `end` gives its bytes, and the writer is as new. */
export class CompactWriter {
  #bytes = new Uint8Array(512);
  #length = 0;

  /** All that has been written since the last end, as `copy` copies it. */
  end(copy: (bytes: Uint8Array) => Uint8Array = copyOf): Uint8Array {
    const written = copy(this.#bytes.subarray(0, this.#length));
    this.#length = 0;
    return written;
  }

  byte(value: number): void {
    this.#makeRoom(1);
    this.#bytes[this.#length++] = value;
  }

  bytes(given: Uint8Array): void {
    this.#makeRoom(given.length);
    this.#bytes.set(given, this.#length);
    this.#length += given.length;
  }

  /** Length (1, 0 to 16) ‖ big-endian bytes, the first not zero. */
  number(value: bigint): void {
    if (value === 0n) {
      this.byte(0);
      return;
    }
    writeSum(numberView, 0, value);
    let zeros = 0;
    while (zeros < SUM_BYTES && number[zeros] === 0) zeros++;
    this.byte(SUM_BYTES - zeros);
    this.bytes(number.subarray(zeros));
  }

  sums(sums: Sums): void {
    for (const value of sums) this.number(value);
  }

  /** Hash (32) ‖ count ‖ sums. */
  summary({ hash, count, sums }: Summary): void {
    this.bytes(hash);
    this.number(BigInt(count));
    this.sums(sums);
  }

  /** A key at a place: without the whole bytes that the place's bound gives. */
  key(key: Uint8Array, bound: Prefix): void {
    this.bytes(key.subarray(bound.length >> 3));
  }

  /** A prefix at a place: length (2) ‖ its bytes without the whole ones that the place's bound, of so many bits, gives. */
  prefix({ length, bits }: Prefix, boundBits: number): void {
    this.byte(length >> 8);
    this.byte(length & 0xff);
    this.bytes(bits.subarray(boundBits >> 3, Math.ceil(length / 8)));
  }

  #makeRoom(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array((this.#length + more) * 2);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}

export class CompactReader {
  readonly #bytes: Uint8Array;
  readonly #refuse: (expected: string) => AttestryError;
  #at = 0;

  /** `refuse` makes the error for bytes that no writer wrote. What is read may share memory with `bytes`. */
  constructor(bytes: Uint8Array, refuse: (expected: string) => AttestryError) {
    this.#bytes = bytes;
    this.#refuse = refuse;
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Refuses bytes that are left over. */
  end(): void {
    if (!this.atEnd) throw this.#refuse('nothing behind its end');
  }

  byte(): number {
    return this.bytes(1)[0] as number;
  }

  bytes(length: number): Uint8Array {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw this.#refuse('all of its bytes');
    const taken = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return taken;
  }

  hash(): Uint8Array {
    return this.bytes(HASH_LENGTH);
  }

  number(): bigint {
    const length = this.byte();
    if (length === 0) return 0n;
    const given = length <= SUM_BYTES ? this.bytes(length) : undefined;
    if (given === undefined || given[0] === 0)
      throw this.#refuse('numbers of 0 to 16 bytes without leading zeros');
    number.fill(0).set(given, SUM_BYTES - length);
    return readSum(numberView, 0);
  }

  sums(): Sums {
    const sums = TALLY_METRICS.map(() => this.number());
    return sums.every((sum) => sum === 0n) ? ZERO_SUMS : sums;
  }

  summary(): Summary {
    const hash = this.hash();
    const count = Number(this.number());
    if (!Number.isSafeInteger(count)) throw this.#refuse('counts below 2^53');
    return { hash, count, sums: this.sums() };
  }

  key(bound: Prefix): Uint8Array {
    return this.#below(bound, KEY_BYTES);
  }

  prefix(bound: Prefix): Prefix {
    const length = this.byte() * 256 + this.byte();
    if (length < bound.length || length > KEY_BITS)
      throw this.#refuse(`prefixes of ${bound.length} to ${KEY_BITS} bits`);
    const bits = this.#below(bound, Math.ceil(length / 8));
    const rest = length & 7;
    if (rest > 0 && ((bits[length >> 3] as number) & (0xff >> rest)) !== 0)
      throw this.#refuse('zero bits behind a prefix');
    return { length, bits };
  }

  /** The first bytes of a key at a place, as many as `length`: those of the place, then those that are given. */
  #below(bound: Prefix, length: number): Uint8Array {
    const known = bound.length >> 3;
    const key = new Uint8Array(KEY_BYTES);
    key.set(bound.bits.subarray(0, known));
    key.set(this.bytes(length - known), known);
    if (!startsWith(key, bound)) throw this.#refuse('every key and prefix in its place');
    return key;
  }
}
