/**
 * Entries of one log that admission refuses. They are mirrored, since the log has them, but not catalogued. Each becomes
 * a finding as soon as a checkpoint covers it, where what is needed to prove it fits into one.
 */
import { encodeBase64 } from '../core/bytes/base64.ts';
import { encodeHex } from '../core/bytes/hex.ts';
import { formatHashes, type Inadmissible } from '../core/finding/finding.ts';
import { leafHash, sha256 } from '../core/merkle/hash.ts';
import { parseEnvelope } from '../core/statement/envelope.ts';
import type { WitnessedCheckpoint } from '../core/trust/quorum.ts';
import { AttestryError } from '../errors.ts';
import type { Findings } from './findings.ts';
import type { Mirror } from './mirror.ts';
import type { RefusedEntry } from './readmission.ts';
import type { RefusedRecord, VerifierStore } from './verifier-store.ts';

export interface RefusalsOptions {
  readonly store: VerifierStore;
  readonly findings: Findings;
  readonly origin: string;
}

/** A broken stream is judged by the stretch since its statement before; a longer one proves nothing that fits a finding. */
const LONGEST_STRETCH = 2_000;
const LARGEST_STRETCH_BYTES = 4 * 1024 * 1024;
const ENTRIES_AT_ONCE = 128;
/** Waiting to be filed; what comes on top is only counted, as a log's findings have an end too. */
const MOST_PENDING = 200;
/** Beyond this many models named by entries that cannot be proven bad, every model is treated as one of them. */
const MOST_DOUBTED_MODELS = 10_000;

/** What was refused before. @throws STORE_FAILED, STORE_CORRUPT */
export async function openRefusals(options: RefusalsOptions): Promise<Refusals> {
  const refusals = new Refusals(options);
  for await (const record of options.store.refused(options.origin)) refusals.take(record);
  return refusals;
}

export class Refusals {
  readonly #options: RefusalsOptions;
  #count = 0;
  #pending = new Map<number, RefusedRecord>();
  /** The first entry that names the model, for models named by refused entries without a finding. */
  readonly #doubted = new Map<string, RefusedRecord>();
  #overflow: RefusedRecord | undefined;

  constructor(options: RefusalsOptions) {
    this.#options = options;
  }

  /** Entries of the log that admission refuses. */
  get count(): number {
    return this.#count;
  }

  /** Takes over a record that is on disk. */
  take(record: RefusedRecord): void {
    this.#count++;
    if (record.evidence === 'pending') this.#pending.set(record.index, record);
    if (record.evidence === 'none') this.#doubt(record);
  }

  /** Keeps the entries, on disk when this resolves; the same ones again after a crash are kept once. */
  async keep(refused: readonly RefusedEntry[]): Promise<void> {
    const { store, origin } = this.#options;
    const fresh = refused.filter(({ index }) => store.refusedAt(origin, index) === undefined);
    const room = MOST_PENDING - this.#pending.size;
    const records = fresh.map(
      (entry, i): RefusedRecord => ({ ...entry, evidence: i < room ? 'pending' : 'none' }),
    );
    await store.putRefused(origin, records);
    for (const record of records) this.take(record);
  }

  /** Files what the checkpoint covers, which is mirrored in full. */
  async file(mirror: Mirror, checkpoint: WitnessedCheckpoint): Promise<void> {
    const { store, origin } = this.#options;
    const { size } = checkpoint.checkpoint;
    const covered = [...this.#pending.values()].filter(({ index }) => index < size);
    for (const record of covered) {
      const isFiled = await this.#accuse(record, mirror, checkpoint);
      const settled: RefusedRecord = { ...record, evidence: isFiled ? 'filed' : 'none' };
      await store.putRefused(origin, [settled]);
      this.#pending.delete(record.index);
      if (!isFiled) this.#doubt(settled);
    }
  }

  /** Why a list of this log's entries about the model cannot be called complete and in order; undefined if it can. */
  doubtAbout(model: string): RefusedEntry | undefined {
    const pending = [...this.#pending.values()].find(({ models }) => models.includes(model));
    return pending ?? this.#doubted.get(model) ?? this.#overflow;
  }

  async #accuse(
    record: RefusedRecord,
    mirror: Mirror,
    checkpoint: WitnessedCheckpoint,
  ): Promise<boolean> {
    const { origin, findings } = this.#options;
    if (findings.isFull(origin, 'entry-inadmissible')) return false;
    const evidence = await evidenceOf(record, mirror, checkpoint);
    if (evidence === undefined) return false;
    return (await findings.file({ origin, evidence })) === 'filed';
  }

  #doubt(record: RefusedRecord): void {
    for (const model of record.models) {
      if (this.#doubted.has(model)) continue;
      if (this.#doubted.size < MOST_DOUBTED_MODELS) this.#doubted.set(model, record);
      else this.#overflow ??= record;
    }
  }
}

async function evidenceOf(
  record: RefusedRecord,
  mirror: Mirror,
  { note, checkpoint }: WitnessedCheckpoint,
): Promise<Inadmissible | undefined> {
  const indexes = await neededIndexes(record, mirror);
  if (indexes === undefined) return undefined;
  const entries = indexes.map((index) => {
    const { entry, proof } = mirror.prove(index, checkpoint);
    return { index, entry: encodeBase64(entry), proof: formatHashes(proof) };
  });
  return { kind: 'entry-inadmissible', checkpoint: note, code: record.code, entries };
}

/** The entries by which the refusal is judged, the refused one last; undefined if they are too many. */
async function neededIndexes(
  record: RefusedRecord,
  mirror: Mirror,
): Promise<readonly number[] | undefined> {
  const { index, code } = record;
  if (code === 'ENTRY_DUPLICATE') {
    const first = mirror.store.indexOf(leafHash(mirror.store.entry(index) ?? new Uint8Array()));
    return first === undefined ? undefined : [first, index];
  }
  if (!code.startsWith('STREAM_')) return [index];
  const start = await startOfStretch(record, mirror);
  if (start === undefined) return undefined;
  return Array.from({ length: index - start + 1 }, (_, i) => start + i);
}

/** Where the stream's statement before stands, or the start of the log if it is the stream's first; undefined if too far. */
async function startOfStretch(
  { index, previous }: RefusedRecord,
  mirror: Mirror,
): Promise<number | undefined> {
  let bytes = 0;
  for await (const [at, entry] of backwards(mirror, index)) {
    bytes += entry.length;
    if (bytes > LARGEST_STRETCH_BYTES || index - at >= LONGEST_STRETCH) return undefined;
    const isBefore = at < index && previous !== null && payloadDigest(entry) === previous;
    if (isBefore || (at === 0 && previous === null)) return at;
  }
  return undefined;
}

async function* backwards(mirror: Mirror, from: number): AsyncGenerator<[number, Uint8Array]> {
  for (let end = from + 1; end > 0; end -= ENTRIES_AT_ONCE) {
    const start = Math.max(0, end - ENTRIES_AT_ONCE);
    const entries = await mirror.store.entries(start, end);
    for (let i = entries.length - 1; i >= 0; i--) yield [start + i, entries[i] as Uint8Array];
  }
}

function payloadDigest(entry: Uint8Array): string | undefined {
  try {
    return encodeHex(sha256(parseEnvelope(entry).payload));
  } catch (error) {
    if (error instanceof AttestryError) return undefined;
    throw error;
  }
}
