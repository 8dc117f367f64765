/** A full replay of a log by someone who is not the log: everything it serves is read, hashed, verified and admitted anew. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { encodeHex } from '../core/bytes/hex.ts';
import { Frontier } from '../core/merkle/frontier.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import type { Checkpoint } from '../core/note/checkpoint.ts';
import { admitStatement, type OpenedEntry, openEntry } from '../core/statement/admission.ts';
import { advanceStream, type StreamState, streamKey } from '../core/statement/stream.ts';
import {
  type VerificationRules,
  verifyLogCheckpoint,
  verifyWitnessedCheckpoint,
} from '../core/trust/quorum.ts';
import { AttestryError, type AttestryErrorCode, refusalOf } from '../errors.ts';
import { verifyEach, verifyInPool } from '../keys/openssl-engine.ts';
import { leafHashBySystem, nodeHashBySystem } from '../keys/openssl-hash.ts';
import type { LogSource } from '../verifier/log-source.ts';
import { fetchEntries } from '../verifier/served-rows.ts';
import { openServedTree, type ServedTree } from '../verifier/served-tree.ts';

export interface AuditOptions extends VerificationRules {
  readonly source: LogSource;
  /** False leaves the operators' signatures unverified, which is most of the work. Default true. */
  readonly signatures?: boolean;
  /** Told after every bundle of entries. */
  readonly onProgress?: (done: number, size: number) => void;
  readonly signal?: AbortSignal;
}

export interface AuditProblem {
  readonly code: AttestryErrorCode;
  readonly message: string;
}

export interface AuditReport {
  readonly origin: string;
  readonly size: number;
  /** Hex, as signed. */
  readonly root: string;
  readonly entriesChecked: number;
  readonly signaturesVerified: number;
  readonly problems: readonly AuditProblem[];
  readonly checked: readonly string[];
  readonly notChecked: readonly string[];
}

/** Bundles that are fetched, and whose signatures are verified, ahead; each holds at most 256 entries of 64 KiB. */
const BUNDLES_AHEAD = 4;
/** A log that is all wrong is not listed in full. */
const MOST_PROBLEMS = 1000;

/**
 * What holds of the log's newest published checkpoint and of everything under it. @throws what the source throws, and
 * CHECKPOINT_* when there is no checkpoint to begin with
 */
export async function auditLog(options: AuditOptions): Promise<AuditReport> {
  const signal = options.signal ?? new AbortController().signal;
  const note = await options.source.readCheckpoint(signal);
  if (note === undefined) {
    throw new AttestryError(
      'CHECKPOINT_UNPUBLISHED',
      'The log publishes no checkpoint yet: no quorum of witnesses has cosigned one.',
    );
  }
  const { checkpoint } = verifyLogCheckpoint(note, options);
  const audit = new Audit(options, checkpoint, signal);
  await audit.attempt(() => void verifyWitnessedCheckpoint(note, options));
  await audit.attempt(() => audit.replay());
  return audit.report();
}

class Audit {
  readonly #options: AuditOptions;
  readonly #checkpoint: Checkpoint;
  readonly #signal: AbortSignal;
  readonly #problems: AuditProblem[] = [];
  readonly #frontier = new Frontier(0, [], nodeHashBySystem);
  readonly #streams = new Map<string, StreamState>();
  // 32 bytes each as text of one byte a letter: a log of ten million entries takes a gigabyte here.
  readonly #seen = new Set<string>();
  #signatures = 0;

  constructor(options: AuditOptions, checkpoint: Checkpoint, signal: AbortSignal) {
    this.#options = options;
    this.#checkpoint = checkpoint;
    this.#signal = signal;
  }

  /** Every entry, oldest first, against the signed tree; then the root, once more and in another way. */
  async replay(): Promise<void> {
    const { size, root, origin } = this.#checkpoint;
    const tree = await openServedTree(this.#options.source, this.#checkpoint, this.#signal);
    for await (const { start, entries, row } of this.#bundles(tree)) {
      for (const [i, { hash, opened }] of entries.entries()) {
        if (!bytesEqual(hash, row.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH))) {
          this.#note('ENTRY_HASH_MISMATCH', `Entry ${start + i} does not hash to its leaf.`);
        }
        this.#frontier.append(hash);
        this.#judge(start + i, hash, opened);
      }
      this.#options.onProgress?.(this.#frontier.size, size);
    }
    if (bytesEqual(this.#frontier.root(), root)) return;
    this.#note('ROOT_MISMATCH', `The entries do not give the root that ${origin} signed.`);
  }

  /** Notes what the check throws; what it did not get to stays unchecked. */
  async attempt(check: () => void | Promise<void>): Promise<void> {
    try {
      await check();
    } catch (error) {
      if (!(error instanceof AttestryError)) throw error;
      this.#note(error.code, error.message);
    }
  }

  report(): AuditReport {
    const { origin, size, root } = this.#checkpoint;
    const { size: done } = this.#frontier;
    const all = `${done} of ${size}`;
    const signatures = this.#options.signatures !== false;
    return {
      origin,
      size,
      root: encodeHex(root),
      entriesChecked: done,
      signaturesVerified: this.#signatures,
      problems: this.#problems,
      checked: [
        `The signature of ${origin} on the checkpoint of size ${size}, and the witnesses' cosignatures.`,
        `${all} entries: hash, canonical form, ${signatures ? 'signatures, ' : ''}admission, streams, duplicates.`,
        ...(done === size
          ? ['The tiles, from the signed root down to each entry; the root, anew from the entries.']
          : []),
      ],
      notChecked: [
        ...(signatures ? [] : ["The operators' signatures: left out on request."]),
        ...(done === size ? [] : [`${size - done} entries: the log did not serve them in order.`]),
        'Whether the log shows the same to everyone: the witnesses vouch for that, up to their quorum.',
        'Whether what the statements say is true.',
      ],
    };
  }

  async *#bundles(tree: ServedTree): AsyncGenerator<FetchedBundle> {
    const { size } = this.#checkpoint;
    const ahead: Promise<FetchedBundle>[] = [];
    const count = Math.ceil(size / TILE_WIDTH);
    for (let next = 0, done = 0; done < count; done++) {
      for (; next < count && ahead.length < BUNDLES_AHEAD; next++) {
        const fetched = this.#fetch(tree, next);
        // Whoever awaits it gets the error; until then nobody does.
        fetched.catch(() => undefined);
        ahead.push(fetched);
      }
      yield await (ahead.shift() as Promise<FetchedBundle>);
    }
  }

  async #fetch(tree: ServedTree, index: number): Promise<FetchedBundle> {
    const start = index * TILE_WIDTH;
    const width = Math.min(TILE_WIDTH, this.#checkpoint.size - start);
    const [row, entries] = await Promise.all([
      tree.row(0, index),
      fetchEntries(this.#options.source, { index, width }, this.#signal),
    ]);
    return { start, row, entries: await this.#open(entries) };
  }

  async #open(entries: readonly Uint8Array[]): Promise<ReadEntry[]> {
    const { trust, signatures = true } = this.#options;
    const read = entries.map((entry) => {
      const hash = leafHashBySystem(entry);
      return { hash, opened: refusalOf(() => openEntry(entry, trust, () => hash)) };
    });
    if (!signatures) return read;
    const claims = read.map(({ opened }) => (opened instanceof AttestryError ? [] : opened.claims));
    this.#signatures += claims.flat().length;
    const held = await verifyEach(claims, verifyInPool);
    const invalid = new AttestryError('SIGNATURE_INVALID', 'a signature does not verify');
    return read.map(({ hash, opened }, i) => ({ hash, opened: held[i] ? opened : invalid }));
  }

  #judge(index: number, hash: Uint8Array, opened: OpenedEntry | AttestryError): void {
    const key = Buffer.from(hash).toString('latin1');
    if (this.#seen.has(key)) {
      this.#note('ENTRY_DUPLICATE', `Entry ${index} is in the log a second time.`);
      return;
    }
    this.#seen.add(key);
    try {
      if (opened instanceof AttestryError) throw opened;
      this.#admit(opened, index);
    } catch (error) {
      if (!(error instanceof AttestryError)) throw error;
      const why = `${error.code}: ${error.message}`;
      this.#note('ENTRY_INADMISSIBLE', `Entry ${index} must not be in the log: ${why}`);
    }
  }

  #admit(opened: OpenedEntry, index: number): void {
    const { origin } = this.#checkpoint;
    const { statement, envelope } = admitStatement(opened, { ...this.#options, origin, index });
    if (statement.kind !== 'usage') return;
    const key = streamKey(statement);
    this.#streams.set(key, advanceStream(this.#streams.get(key), statement, envelope.payload));
  }

  #note(code: AttestryErrorCode, message: string): void {
    if (this.#problems.length < MOST_PROBLEMS) this.#problems.push({ code, message });
  }
}

interface ReadEntry {
  /** Its leaf hash. */
  readonly hash: Uint8Array;
  /** Its signatures verified, or why it must not be in the log. */
  readonly opened: OpenedEntry | AttestryError;
}

interface FetchedBundle {
  /** Index of its first entry. */
  readonly start: number;
  readonly entries: readonly ReadEntry[];
  /** The leaf hashes, proven by the signed root. */
  readonly row: Uint8Array;
}
