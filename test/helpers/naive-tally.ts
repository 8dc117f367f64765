/**
 * The tally as docs/tally.md describes it, written down once more over node:crypto, with bits as text. The oracle for
 * core/tally, so it imports nothing of it: it knows the page alone.
 */
import { createHash } from 'node:crypto';

export interface NaiveLeaf {
  readonly key: Uint8Array;
  readonly entryHash: Uint8Array;
  readonly sums: readonly bigint[];
}

export interface NaiveQuestion {
  readonly first: Uint8Array;
  readonly last: Uint8Array;
  readonly want: 'list' | 'totals';
}

export interface NaiveAnswer {
  readonly leaves: NaiveLeaf[];
  count: number;
  sums: bigint[];
}

export interface NaiveSummary {
  readonly hash: Uint8Array;
  readonly count: number;
  readonly sums: readonly bigint[];
}

const METRICS = 7;
const EMPTY = sha256(Uint8Array.of(4));

/** Summary of the trie over the leaves, in any order. */
export function naiveTally(leaves: readonly NaiveLeaf[]): NaiveSummary {
  const items = leaves.map((leaf) => ({ bits: bitsOf(leaf.key), leaf }));
  return items.length === 0 ? { hash: EMPTY, count: 0, sums: noSums() } : summarize(items);
}

/** The answers, straight from a list of all leaves. */
export function naiveAnswers(
  leaves: readonly NaiveLeaf[],
  questions: readonly NaiveQuestion[],
): NaiveAnswer[] {
  return questions.map(({ first, last, want }) => {
    const within = leaves
      .filter(({ key }) => hex(key) >= hex(first) && hex(key) <= hex(last))
      .sort((a, b) => (hex(a.key) < hex(b.key) ? -1 : 1));
    const sums = within.reduce((total, leaf) => add(total, leaf.sums), noSums());
    return { leaves: want === 'list' ? within : [], count: within.length, sums };
  });
}

/** The answers that a proof gives; throws where it is refused. */
export function naiveVerify(
  root: Uint8Array,
  questions: readonly NaiveQuestion[],
  proof: Uint8Array,
): NaiveAnswer[] {
  const answers = questions.map((): NaiveAnswer => ({ leaves: [], count: 0, sums: noSums() }));
  const reader = new Reader(proof);
  const hash = proof.length === 0 ? EMPTY : readNode(reader, '', { questions, answers }).hash;
  if (reader.left !== 0) throw new Error('bytes are left over');
  if (hex(hash) !== hex(root)) throw new Error('another root');
  return answers;
}

interface Item {
  readonly bits: string;
  readonly leaf: NaiveLeaf;
}

function summarize(items: readonly Item[]): NaiveSummary {
  const [first] = items;
  if (items.length === 1 && first !== undefined) return leafSummary(first.leaf);
  let length = 0;
  while (items.every(({ bits }) => bits[length] === first?.bits[length])) length++;
  return innerSummary(
    (first as Item).bits.slice(0, length),
    summarize(items.filter(({ bits }) => bits[length] === '0')),
    summarize(items.filter(({ bits }) => bits[length] === '1')),
  );
}

function leafSummary({ key, entryHash, sums }: NaiveLeaf): NaiveSummary {
  return { hash: sha256(Uint8Array.of(2), key, entryHash, wide(sums)), count: 1, sums };
}

function innerSummary(prefix: string, left: NaiveSummary, right: NaiveSummary): NaiveSummary {
  const count = left.count + right.count;
  if (count > Number.MAX_SAFE_INTEGER) throw new Error('too many leaves');
  const padded = bytesOf(prefix.padEnd(360, '0'));
  const hash = sha256(
    Uint8Array.of(3, prefix.length >> 8, prefix.length & 255),
    padded,
    summaryBytes(left),
    summaryBytes(right),
  );
  return { hash, count, sums: add(left.sums, right.sums) };
}

interface Task {
  readonly questions: readonly NaiveQuestion[];
  readonly answers: readonly NaiveAnswer[];
}

function readNode(reader: Reader, bound: string, task: Task): NaiveSummary {
  const form = reader.byte();
  if (form > 2) throw new Error('an unknown form');
  const smallest = bound.padEnd(360, '0');
  const largest = bound.padEnd(360, '1');
  const touched = task.questions.flatMap((question, at) => {
    const [first, last] = [bitsOf(question.first), bitsOf(question.last)];
    if (last < smallest || first > largest) return [];
    return [{ at, list: question.want === 'list', whole: first <= smallest && last >= largest }];
  });
  const open = bound === '' || touched.some(({ list, whole }) => list || !whole);
  if (open !== (form !== 0)) throw new Error('open where pruned, or pruned where open');
  if (form === 0) {
    const summary = reader.summary();
    if (summary.count === 0) throw new Error('nothing is pruned');
    for (const { at } of touched) count(task, at, summary);
    return summary;
  }
  if (form === 1) return readLeaf(reader, bound, task);
  const prefix = reader.prefix(bound);
  const left = readNode(reader, `${prefix}0`, task);
  return innerSummary(prefix, left, readNode(reader, `${prefix}1`, task));
}

function readLeaf(reader: Reader, bound: string, task: Task): NaiveSummary {
  const key = bytesOf(reader.bitsBelow(bound, 360));
  if (!bitsOf(key).startsWith(bound)) throw new Error('a leaf out of place');
  const leaf = { key, entryHash: reader.bytes(32), sums: reader.sums() };
  const summary = leafSummary(leaf);
  for (const [at, { first, last, want }] of task.questions.entries()) {
    if (hex(key) < hex(first) || hex(key) > hex(last)) continue;
    count(task, at, summary);
    if (want === 'list') task.answers[at]?.leaves.push(leaf);
  }
  return summary;
}

function count({ answers }: Task, at: number, summary: NaiveSummary): void {
  const answer = answers[at] as NaiveAnswer;
  answer.count += summary.count;
  answer.sums = add(answer.sums, summary.sums);
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  bytes(length: number): Uint8Array {
    if (length > this.left) throw new Error('too short');
    this.#at += length;
    return this.#bytes.slice(this.#at - length, this.#at);
  }

  byte(): number {
    return this.bytes(1)[0] as number;
  }

  number(): bigint {
    const length = this.byte();
    const bytes = this.bytes(length);
    if (length > 16 || bytes[0] === 0) throw new Error('a number that is too long');
    return BigInt(`0x0${hex(bytes)}`);
  }

  sums(): bigint[] {
    return Array.from({ length: METRICS }, () => this.number());
  }

  summary(): NaiveSummary {
    const hash = this.bytes(32);
    const leaves = this.number();
    if (leaves > 2n ** 53n - 1n) throw new Error('too many leaves');
    return { hash, count: Number(leaves), sums: this.sums() };
  }

  prefix(bound: string): string {
    const length = this.byte() * 256 + this.byte();
    if (length < bound.length || length > 359) throw new Error('a prefix of a wrong length');
    const bits = this.bitsBelow(bound, length);
    const prefix = bits.slice(0, length);
    if (bits.slice(length).includes('1')) throw new Error('set bits behind a prefix');
    if (!prefix.startsWith(bound)) throw new Error('a node out of place');
    return prefix;
  }

  /** Bits of whole bytes, of which the proof leaves out those that lie wholly in the bound. */
  bitsBelow(bound: string, length: number): string {
    const known = Math.floor(bound.length / 8);
    return bound.slice(0, known * 8) + bitsOf(this.bytes(Math.ceil(length / 8) - known));
  }
}

function summaryBytes({ hash, count: leaves, sums }: NaiveSummary): Uint8Array {
  const size = new Uint8Array(8);
  new DataView(size.buffer).setBigUint64(0, BigInt(leaves));
  return Buffer.concat([hash, size, wide(sums)]);
}

function wide(sums: readonly bigint[]): Uint8Array {
  return Buffer.from(sums.map((sum) => sum.toString(16).padStart(32, '0')).join(''), 'hex');
}

function add(a: readonly bigint[], b: readonly bigint[]): bigint[] {
  const sums = a.map((value, i) => value + (b[i] as bigint));
  if (sums.some((sum) => sum >= 2n ** 128n)) throw new Error('a sum too large');
  return sums;
}

function noSums(): bigint[] {
  return Array.from({ length: METRICS }, () => 0n);
}

function bitsOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(2).padStart(8, '0')).join('');
}

function bytesOf(bits: string): Uint8Array {
  return Uint8Array.from(bits.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2));
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function sha256(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return new Uint8Array(hash.digest());
}
