/**
 * The tally of a log's own entries: it follows what has been published, signs a tally note for it, and proves from it. It
 * is never on the path of a submission; a verifier that rebuilds the same tally cosigns the note.
 */
import { parseCheckpoint } from '../core/note/checkpoint.ts';
import { appendSignatures, rightCosignatures } from '../core/note/cosignature.ts';
import { formatSignatureLine, parseNote, parseSignatureLines } from '../core/note/note.ts';
import type { NoteSigner, VerifierKey } from '../core/note/vkey.ts';
import type { Question } from '../core/tally/proof.ts';
import { encodeTallyProof } from '../core/tally/proof-bytes.ts';
import { parseTally, signTally } from '../core/tally/tally-note.ts';
import { AttestryError } from '../errors.ts';
import { opensslEngine } from '../keys/openssl-engine.ts';
import type { StoredCheckpoint } from '../store/log-store.ts';
import { proveFrom, type ReadEntries, Tally, tallyHead } from '../tally/tally.ts';
import type { TallyPair, TallyStore, TallyView } from '../tally/tally-store.ts';

export interface LogTallyOptions {
  readonly store: TallyStore;
  readonly signer: NoteSigner;
  /** Whose cosignatures are kept. */
  readonly verifiers: readonly VerifierKey[];
  readonly readEntries: ReadEntries;
  readonly published: () => StoredCheckpoint | undefined;
  /** Resolves once the published size is above the given one, or after the time. */
  readonly waitForGrowth: (size: number, timeoutMs: number) => Promise<unknown>;
  /** Unix seconds. */
  readonly now: () => number;
  readonly onFatal: (error: unknown) => void;
}

/** A proof with the notes that it stands on. */
export interface ServedProof extends TallyPair {
  readonly proof: Uint8Array;
}

interface Current extends TallyPair {
  readonly size: number;
  readonly view: TallyView;
}

const GROWTH_TIMEOUT_MS = 1000;

export class LogTally {
  readonly #options: LogTallyOptions;
  readonly #tally: Tally;
  #current: Current | undefined;
  #stopped = false;
  readonly #running: Promise<void>;

  constructor(options: LogTallyOptions) {
    this.#options = options;
    this.#tally = new Tally({ store: options.store, readEntries: options.readEntries });
    this.#running = this.#run().catch(options.onFatal);
  }

  /** The newest tally note and the checkpoint of the same size. @throws TALLY_UNPUBLISHED */
  pair(): TallyPair {
    const { checkpoint, tally } = this.#demandCurrent();
    return { checkpoint, tally };
  }

  /** Entries that the published tally holds; 0 before the first. */
  get size(): number {
    return this.#current?.size ?? 0;
  }

  /** @throws TALLY_UNPUBLISHED */
  prove(questions: readonly Question[]): ServedProof {
    const { view, checkpoint, tally } = this.#demandCurrent();
    return { checkpoint, tally, proof: encodeTallyProof(proveFrom(view, questions)) };
  }

  /**
   * Keeps verifiers' cosignatures on the current note, one of each; gives how many of the lines are such. Lines of others,
   * lines for an older note and wrong ones are left out. @throws TALLY_UNPUBLISHED, NOTE_MALFORMED
   */
  addCosignatures(lines: string): number {
    const current = this.#demandCurrent();
    const { verifiers: witnesses, now } = this.#options;
    const { text, signatures } = parseNote(current.tally);
    const given = { text, signatures: parseSignatureLines(lines) };
    const right = rightCosignatures(given, { witnesses, now: now(), engine: opensslEngine });
    // A verifier that signs again with another time must not make the note grow.
    const added = right.filter((line) => signatures.every(({ name }) => name !== line.name));
    const tally = appendSignatures(current.tally, added.map(formatSignatureLine));
    this.#current = { ...current, tally };
    return right.length;
  }

  async close(): Promise<void> {
    this.#stopped = true;
    await this.#running;
    await this.#current?.view.close();
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const target = this.#options.published();
      if (target !== undefined && target.size > (this.#current?.size ?? -1))
        await this.#follow(target);
      else await this.#options.waitForGrowth(this.#current?.size ?? -1, GROWTH_TIMEOUT_MS);
    }
  }

  async #follow(target: StoredCheckpoint): Promise<void> {
    const { store, signer } = this.#options;
    // A restored log store behind its tally would be refused at the log's start; a restored tally is just rebuilt.
    if (this.#tally.state.size > target.size) await this.#catchUpWith(target);
    const state = await this.#tally.grow(target.size, () => this.#stopped);
    if (state.size !== target.size) return;
    const { origin, root } = parseCheckpoint(target.note).checkpoint;
    const tally = signTally(tallyHead(origin, state, root), signer);
    const pair = { checkpoint: target.note, tally };
    await store.putPair(pair);
    const before = this.#current;
    this.#current = { ...pair, size: state.size, view: store.view() };
    await before?.view.close();
  }

  /** The tally may have run ahead of what was published when the process ended: entries are there, the quorum is not. */
  async #catchUpWith(target: StoredCheckpoint): Promise<void> {
    const kept = this.#options.store.pair();
    const keptSize = kept === undefined ? 0 : parseTally(kept.tally).head.size;
    if (keptSize > target.size) {
      throw new AttestryError(
        'HEAD_ROLLBACK',
        `A tally of ${keptSize} entries was signed, the log has published ${target.size}: a backup was restored.`,
      );
    }
    await this.#options.store.clear();
  }

  #demandCurrent(): Current {
    if (this.#current !== undefined) return this.#current;
    throw new AttestryError(
      'TALLY_UNPUBLISHED',
      'No tally has been published since the start; try again soon.',
      {
        details: { retryAfterSeconds: 1 },
      },
    );
  }
}
