/**
 * Which hashes may be in a table, kept in memory: a Bloom filter. Its "no" is certain; its "maybe" is wrong for one hash in
 * a thousand while it holds what it was made for. A log asks for each new entry whether it is there already, and nearly
 * always it is not: in the database every such question costs a look into each level of its files, and LevelDB, which takes
 * many of them for a sign of disorder, writes its files anew.
 */

const BITS_FOR_EACH = 14;
/** Each hash sets as many bits, told by four of its bytes each: that is all of a SHA-256. */
const MARKS = 8;
const SMALLEST = 65_536;
/** A bit's number stays within 31 bits. */
const LARGEST = 2 ** 26;

interface Part {
  readonly words: Int32Array;
  /** Hashes that it can still take. */
  room: number;
}

export class HashFilter {
  readonly #parts: Part[];

  /** For about `expected` hashes; for more, it grows. */
  constructor(expected: number) {
    this.#parts = [partFor(expected)];
  }

  /** `hash`: 32 bytes of SHA-256. */
  add(hash: Uint8Array): void {
    let part = this.#parts.at(-1) as Part;
    if (part.room === 0) {
      part = partFor((2 * part.words.length * 32) / BITS_FOR_EACH);
      this.#parts.push(part);
    }
    part.room--;
    const { words } = part;
    const scale = scaleOf(words);
    for (let at = 0; at < 4 * MARKS; at += 4) {
      const bit = (fourBytes(hash, at) * scale) | 0;
      words[bit >>> 5] = (words[bit >>> 5] as number) | (1 << (bit & 31));
    }
  }

  /** False only where the hash was never added. */
  mayHave(hash: Uint8Array): boolean {
    return this.#parts.some(({ words }) => isMarked(words, hash));
  }
}

function partFor(hashes: number): Part {
  const room = Math.min(Math.max(Math.ceil(hashes), SMALLEST), LARGEST);
  return { words: new Int32Array(Math.ceil((room * BITS_FOR_EACH) / 32)), room };
}

/** What brings 32 bits down to the number of a bit. */
function scaleOf(words: Int32Array): number {
  return (words.length * 32) / 2 ** 32;
}

function isMarked(words: Int32Array, hash: Uint8Array): boolean {
  const scale = scaleOf(words);
  for (let at = 0; at < 4 * MARKS; at += 4) {
    const bit = (fourBytes(hash, at) * scale) | 0;
    if (((words[bit >>> 5] as number) & (1 << (bit & 31))) === 0) return false;
  }
  return true;
}

function fourBytes(hash: Uint8Array, at: number): number {
  const low = (hash[at] as number) | ((hash[at + 1] as number) << 8);
  const high = (hash[at + 2] as number) | ((hash[at + 3] as number) << 8);
  return high * 65_536 + low;
}
