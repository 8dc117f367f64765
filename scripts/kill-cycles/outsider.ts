/**
 * A stranger who reads a log over HTTP and believes nothing: c2sp.org/signed-note, tlog-checkpoint, tlog-cosignature,
 * tlog-tiles, tlog-proof and RFC 9162 once more, from their texts, over node:crypto alone. It imports nothing of this
 * project, so that a mistake in the project's own readers cannot hide one in its writers. It throws plain errors.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';

/** Whom the stranger was told to trust, as verifier keys in text. */
export interface OutsiderTrust {
  readonly log: string;
  readonly witnesses: readonly string[];
  readonly quorum: number;
}

export interface OutsiderAnswer {
  readonly status: number;
  /** One header of the answer, by its lowercase name. */
  readonly header: (name: string) => string | undefined;
  readonly body: Uint8Array;
}

/** Asks the log for a path without a leading slash. */
export type OutsiderGet = (path: string) => Promise<OutsiderAnswer>;

export interface OutsiderCheckpoint {
  readonly size: number;
  /** Hex. */
  readonly root: string;
  /** Names of the trusted witnesses whose cosignature on it holds. */
  readonly cosignedBy: readonly string[];
}

/** A whole log, every part of which was derived from its entries. */
export interface OutsiderCopy {
  readonly checkpoint: OutsiderCheckpoint;
  readonly entries: readonly Uint8Array[];
  readonly tree: OutsiderTree;
}

interface Key {
  readonly name: string;
  /** The four bytes before each of its signatures. */
  readonly id: Buffer;
  readonly type: number;
  readonly raw: Buffer;
}

const TILE_WIDTH = 256;
const HASH_BYTES = 32;
const LOG_SIGNATURE = 1;
const COSIGNATURE = 4;

/** The checkpoint in a note, signed by the log; without the quorum, too. */
export function readCheckpoint(note: string, trust: OutsiderTrust): OutsiderCheckpoint {
  const end = note.lastIndexOf('\n\n') + 1;
  demand(end > 0 && note.endsWith('\n'), 'a note ends its text with a blank line');
  const text = note.slice(0, end);
  const lines = note.slice(end + 1, -1).split('\n');
  const [origin, size = '', root = '', ...more] = text.slice(0, -1).split('\n');
  const log = parseKey(trust.log, LOG_SIGNATURE);
  demand(origin === log.name, `the origin is ${log.name}`);
  demand(/^(0|[1-9][0-9]{0,15})$/.test(size) && more.length === 0, 'a checkpoint has three lines');
  const signature = blobOf(lines, log);
  demand(signature !== undefined && holds(log, text, signature), 'the log has signed');
  const cosignedBy = trust.witnesses
    .map((key) => parseKey(key, COSIGNATURE))
    .filter((witness) => hasCosigned(witness, text, lines))
    .map(({ name }) => name);
  return { size: Number(size), root: fromBase64(root, HASH_BYTES).toString('hex'), cosignedBy };
}

function hasCosigned(witness: Key, text: string, lines: readonly string[]): boolean {
  const blob = blobOf(lines, witness);
  if (blob === undefined) return false;
  const time = blob.readBigUInt64BE(0);
  const message = `cosignature/v1\ntime ${time}\n${text}`;
  demand(time > 0n && holds(witness, message, blob.subarray(8)), `${witness.name} has cosigned`);
  return true;
}

/**
 * The log as the note commits to it, read from its bundles and tiles alone: every entry, every tile of every level, in
 * its partial form where the size has one, and the root, all equal to what the entries give.
 */
export async function readLog(
  get: OutsiderGet,
  note: string,
  trust: OutsiderTrust,
): Promise<OutsiderCopy> {
  const checkpoint = readCheckpoint(note, trust);
  const { size } = checkpoint;
  const entries: Uint8Array[] = [];
  for (const place of places(size)) {
    const bundle = await fetchImmutable(get, `tile/entries/${pathOf(place)}`);
    entries.push(...splitBundle(bundle, place.width));
  }
  const tree = new OutsiderTree(entries.map(hashLeaf));
  for (let level = 0; Math.floor(size / TILE_WIDTH ** level) > 0; level++) {
    for (const place of places(Math.floor(size / TILE_WIDTH ** level))) {
      const path = `tile/${level}/${pathOf(place)}`;
      const tile = Buffer.from(await fetchImmutable(get, path));
      demand(tile.equals(tree.tile(level, place.index, place.width)), `${path} is what it must be`);
    }
  }
  demand(tree.root(size) === checkpoint.root, `the entries give the signed root of size ${size}`);
  return { checkpoint, entries, tree };
}

interface Place {
  readonly index: number;
  readonly width: number;
}

function places(count: number): Place[] {
  return Array.from({ length: Math.ceil(count / TILE_WIDTH) }, (_, index) => ({
    index,
    width: Math.min(TILE_WIDTH, count - index * TILE_WIDTH),
  }));
}

function pathOf({ index, width }: Place): string {
  const groups: string[] = [];
  for (let rest = index; groups.length === 0 || rest > 0; rest = Math.floor(rest / 1000)) {
    groups.unshift(String(rest % 1000).padStart(3, '0'));
  }
  const path = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/');
  return width === TILE_WIDTH ? path : `${path}.p/${width}`;
}

async function fetchImmutable(get: OutsiderGet, path: string): Promise<Uint8Array> {
  const answer = await get(path);
  demand(answer.status === 200, `${path} is served, got status ${answer.status}`);
  const type = answer.header('content-type');
  demand(type === 'application/octet-stream', `${path} is octets, got ${type}`);
  demand(answer.header('cache-control')?.includes('immutable') === true, `${path} is immutable`);
  return answer.body;
}

function splitBundle(bundle: Uint8Array, count: number): Uint8Array[] {
  const bytes = Buffer.from(bundle);
  const entries: Uint8Array[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = at + 2 + bytes.readUInt16BE(at);
    demand(end <= bytes.length, 'an entry of a bundle ends within it');
    entries.push(new Uint8Array(bytes.subarray(at + 2, end)));
    at = end;
  }
  demand(entries.length === count, `a bundle of ${count} entries, got ${entries.length}`);
  return entries;
}

export interface OutsiderReceipt {
  readonly index: number;
  /** Hex, of the envelope's canonical bytes. */
  readonly entryHash: string;
  readonly note: string;
  readonly checkpoint: OutsiderCheckpoint;
}

/** A receipt whose proof leads from its envelope to a checkpoint that the log signed. */
export function readReceipt(json: string, trust: OutsiderTrust): OutsiderReceipt {
  const { envelope, proof } = JSON.parse(json) as { envelope: EnvelopeJson; proof: string };
  const leaf = hashLeaf(entryOf(envelope));
  const divide = proof.indexOf('\n\n');
  const [head, indexLine = '', ...hashes] = proof.slice(0, divide).split('\n');
  const note = proof.slice(divide + 2);
  demand(head === 'c2sp.org/tlog-proof@v1', 'a tlog-proof');
  demand(/^index (0|[1-9][0-9]{0,15})$/.test(indexLine), `an index line, got ${indexLine}`);
  const index = Number(indexLine.slice('index '.length));
  const checkpoint = readCheckpoint(note, trust);
  const root = rootOfInclusion(
    { leaf, index, size: checkpoint.size },
    hashes.map((hash) => fromBase64(hash, HASH_BYTES)),
  );
  demand(root === checkpoint.root, `the proof of entry ${index} leads to the signed root`);
  return { index, entryHash: leaf.toString('hex'), note, checkpoint };
}

interface EnvelopeJson {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
}

// Text without control characters and with fields in this order is what RFC 8785 makes of it.
function entryOf({ payload, payloadType, signatures }: EnvelopeJson): Uint8Array {
  const ordered = signatures.map(({ keyid, sig }) => ({ keyid, sig }));
  return Buffer.from(JSON.stringify({ payload, payloadType, signatures: ordered }));
}

interface Leaf {
  readonly leaf: Buffer;
  readonly index: number;
  readonly size: number;
}

/** RFC 9162 section 2.1.3.2, hex. Sizes below 2^31: the shifts are of 32 bits. */
function rootOfInclusion({ leaf, index, size }: Leaf, proof: readonly Buffer[]): string {
  demand(index < size, `an index below ${size}, got ${index}`);
  let fn = index;
  let sn = size - 1;
  let r = leaf;
  for (const p of proof) {
    demand(sn !== 0, 'an inclusion proof is not too long');
    if (fn % 2 === 1 || fn === sn) {
      r = hashNode(p, r);
      while (fn % 2 === 0 && fn !== 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else r = hashNode(r, p);
    fn >>= 1;
    sn >>= 1;
  }
  demand(sn === 0, 'an inclusion proof is not too short');
  return r.toString('hex');
}

/** That the tree of `size2` extends the one of `size1`: the proof of RFC 9162 section 2.1.4.1, checked by 2.1.4.2. */
export function demandConsistency(
  tree: OutsiderTree,
  older: OutsiderCheckpoint,
  newer: OutsiderCheckpoint,
): void {
  demand(older.size <= newer.size, 'checkpoints in order');
  if (older.size === newer.size) {
    demand(older.root === newer.root, `one root of size ${older.size}`);
    return;
  }
  if (older.size === 0) return;
  const proof = tree.proof(older.size, newer.size);
  const path = Number.isInteger(Math.log2(older.size))
    ? [Buffer.from(older.root, 'hex'), ...proof]
    : proof;
  const [first, second] = rootsOfConsistency(older.size, newer.size, path);
  demand(first === older.root, `the log at ${newer.size} extends what it signed at ${older.size}`);
  demand(second === newer.root, `the proof leads to the signed root of size ${newer.size}`);
}

function rootsOfConsistency(
  size1: number,
  size2: number,
  path: readonly Buffer[],
): readonly [string, string] {
  let fn = size1 - 1;
  let sn = size2 - 1;
  while (fn % 2 === 1) {
    fn >>= 1;
    sn >>= 1;
  }
  const [start = Buffer.alloc(0), ...rest] = path;
  let fr = start;
  let sr = start;
  for (const c of rest) {
    demand(sn !== 0, 'a consistency proof is not too long');
    if (fn % 2 === 1 || fn === sn) {
      fr = hashNode(c, fr);
      sr = hashNode(c, sr);
      while (fn % 2 === 0 && fn !== 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else sr = hashNode(sr, c);
    fn >>= 1;
    sn >>= 1;
  }
  demand(sn === 0, 'a consistency proof is not too short');
  return [fr.toString('hex'), sr.toString('hex')];
}

/** A tree over leaf hashes, as RFC 9162 section 2.1 defines it. */
export class OutsiderTree {
  readonly #leaves: readonly Buffer[];
  readonly #indexes: ReadonlyMap<string, readonly number[]>;
  // Only complete subtrees, which no later leaf changes, by `start/end`.
  readonly #complete = new Map<string, Buffer>();

  constructor(leaves: readonly Buffer[]) {
    this.#leaves = leaves;
    const indexes = new Map<string, number[]>();
    for (const [index, leaf] of leaves.entries()) {
      const hash = leaf.toString('hex');
      indexes.set(hash, [...(indexes.get(hash) ?? []), index]);
    }
    this.#indexes = indexes;
  }

  get size(): number {
    return this.#leaves.length;
  }

  /** Every index at which this leaf (hex) stands. */
  indexesOf(leaf: string): readonly number[] {
    return this.#indexes.get(leaf) ?? [];
  }

  /** Hex. */
  root(size: number): string {
    demand(size <= this.size, `a size up to ${this.size}, got ${size}`);
    return this.#hash(0, size).toString('hex');
  }

  /** The bytes of a tile, c2sp.org/tlog-tiles. */
  tile(level: number, index: number, width: number): Buffer {
    const span = TILE_WIDTH ** level;
    const first = index * TILE_WIDTH;
    const hashes = Array.from({ length: width }, (_, i) =>
      this.#hash((first + i) * span, (first + i + 1) * span),
    );
    return Buffer.concat(hashes);
  }

  /** PROOF(m, D[n]). */
  proof(m: number, n: number): Buffer[] {
    return this.#subproof(m, { start: 0, end: n }, true);
  }

  #subproof(m: number, { start, end }: { start: number; end: number }, known: boolean): Buffer[] {
    if (m === end) return known ? [] : [this.#hash(start, end)];
    const middle = start + split(end - start);
    return m <= middle
      ? [...this.#subproof(m, { start, end: middle }, known), this.#hash(middle, end)]
      : [...this.#subproof(m, { start: middle, end }, false), this.#hash(start, middle)];
  }

  #hash(start: number, end: number): Buffer {
    if (end === start) return createHash('sha256').digest();
    if (end - start === 1) return this.#leaves[start] as Buffer;
    const key = `${start}/${end}`;
    const known = this.#complete.get(key);
    if (known !== undefined) return known;
    const middle = start + split(end - start);
    const hash = hashNode(this.#hash(start, middle), this.#hash(middle, end));
    if (Number.isInteger(Math.log2(end - start))) this.#complete.set(key, hash);
    return hash;
  }
}

/** The largest power of two below the size. */
function split(size: number): number {
  let k = 1;
  while (k * 2 < size) k *= 2;
  return k;
}

export function hashLeaf(entry: Uint8Array): Buffer {
  return createHash('sha256').update(Uint8Array.of(0)).update(entry).digest();
}

function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  return createHash('sha256').update(Uint8Array.of(1)).update(left).update(right).digest();
}

function parseKey(text: string, type: number): Key {
  const [name = '', id = '', ...rest] = text.split('+');
  const typed = fromBase64(rest.join('+'), 1 + HASH_BYTES);
  const hash = createHash('sha256').update(`${name}\n`).update(typed).digest();
  demand(hash.subarray(0, 4).toString('hex') === id, `the key ID of ${name} fits its key`);
  demand(typed[0] === type, `a key of type ${type} for ${name}`);
  return { name, id: hash.subarray(0, 4), type, raw: typed.subarray(1) };
}

/** What follows the key ID on the key's own line. */
function blobOf(lines: readonly string[], key: Key): Buffer | undefined {
  const length = key.type === COSIGNATURE ? 4 + 8 + 64 : 4 + 64;
  for (const line of lines) {
    const [dash, name, text = '', ...more] = line.split(' ');
    demand(dash === '—' && more.length === 0, `a signature line, got ${line}`);
    if (name !== key.name) continue;
    const blob = fromBase64(text, length);
    if (blob.subarray(0, 4).equals(key.id)) return blob.subarray(4);
  }
  return undefined;
}

function holds(key: Key, message: string, signature: Buffer): boolean {
  const der = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.raw]);
  const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
  return verify(null, Buffer.from(message), publicKey, signature);
}

function fromBase64(text: string, length: number): Buffer {
  const bytes = Buffer.from(text, 'base64');
  demand(bytes.toString('base64') === text, `canonical base64, got ${text}`);
  demand(bytes.length === length, `${length} bytes in base64, got ${bytes.length}`);
  return bytes;
}

function demand(fulfilled: boolean, what: string): asserts fulfilled {
  if (!fulfilled) throw new Error(`an outsider expected: ${what}`);
}
