/**
 * The tally of a log's own entries: it follows what has been published, signs a tally note for it, and proves from it. It
 * is never on the path of a submission; a verifier that rebuilds the same tally cosigns the note.
 */
import pLimit from 'p-limit';
import { parseCheckpoint } from '../core/note/checkpoint.ts';
import type { SignatureEngine } from '../core/note/ed25519.ts';
import type { NoteSigner } from '../core/note/vkey.ts';
import type { Question } from '../core/tally/proof.ts';
import { encodeTallyProof } from '../core/tally/proof-bytes.ts';
import { parseTally, signTally } from '../core/tally/tally-note.ts';
import type { TrustedWitness } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import { signInProcess } from '../keys/openssl-engine.ts';
import type { StoredCheckpoint } from '../store/log-store.ts';
import { ProvableView } from '../tally/provable-view.ts';
import { type FindLeaves, type ReadEntries, Tally, tallyHead } from '../tally/tally.ts';
import type { TallyPair, TallyStore } from '../tally/tally-store.ts';
import { type HeldNote, type TallyChoice, TallyNotes } from './tally-notes.ts';

export interface LogTallyOptions {
  readonly store: TallyStore;
  readonly signer: NoteSigner;
  /** Whose cosignatures are kept. */
  readonly verifiers: readonly TrustedWitness[];
  /** Of how many organisations verifiers must have cosigned a note to rely on. */
  readonly verifierQuorum: number;
  readonly readEntries: ReadEntries;
  /** Leaves of entries that need not be read. */
  readonly findLeaves?: FindLeaves;
  readonly published: () => StoredCheckpoint | undefined;
  /** Resolves once the published size is above the given one, or after the time. */
  readonly waitForGrowth: (size: number, timeoutMs: number) => Promise<unknown>;
  /** Unix seconds. */
  readonly now: () => number;
  /** Milliseconds, never going back. */
  readonly clockMs: () => number;
  /** Checks signatures on notes; OpenSSL unless told. */
  readonly engine?: SignatureEngine | undefined;
  readonly onFatal: (error: unknown) => void;
}

/** A proof with the notes that it stands on. */
export interface ServedProof extends TallyPair {
  readonly proof: Uint8Array;
}

/** How a tally stands beside what its log has published. */
export interface TallyStatus {
  /** Entries under the newest tally note; 0 before the first. */
  readonly size: number;
  /** Entries under the newest tally note that the quorum of verifiers has cosigned; 0 before the first. */
  readonly cosignedSize: number;
  /** At most so long ago everything published was in the newest note; 0 if it is now. */
  readonly lagSeconds: number;
}

const GROWTH_TIMEOUT_MS = 1000;
// Steps of many entries follow each other this far apart: neighbours that are added together share the nodes above them.
const BUSY_STEP = 512;
const BUSY_REST_MS = 500;
const MOST_WAITING = 64;
const RETRY_SECONDS = 5;

export class LogTally {
  readonly #options: LogTallyOptions;
  readonly #tally: Tally;
  readonly #notes: TallyNotes;
  // Each may take memory for all that its log says about a model.
  readonly #proofs = pLimit(1);
  /** When the newest note's checkpoint was still the newest. */
  #caughtUpAtMs: number;
  #stopped = false;
  /** Ends the wait for growth. */
  #wake: () => void = () => undefined;
  readonly #running: Promise<void>;

  constructor(options: LogTallyOptions) {
    this.#options = options;
    this.#tally = new Tally(options);
    this.#notes = new TallyNotes({ ...options, quorum: options.verifierQuorum });
    this.#caughtUpAtMs = options.clockMs();
    this.#running = this.#run().catch(options.onFatal);
  }

  /** The chosen tally note and the checkpoint of the same size. @throws TALLY_UNPUBLISHED */
  pair(choice: TallyChoice = 'newest'): TallyPair {
    const { checkpoint, tally } = this.#demand(choice);
    return { checkpoint, tally };
  }

  get status(): TallyStatus {
    const size = this.#notes.get('newest')?.size ?? 0;
    const published = this.#options.published()?.size ?? 0;
    const lagMs = published > size ? this.#options.clockMs() - this.#caughtUpAtMs : 0;
    const cosignedSize = this.#notes.get('cosigned')?.size ?? 0;
    return { size, cosignedSize, lagSeconds: lagMs / 1000 };
  }

  /** The proof from the chosen note. @throws TALLY_UNPUBLISHED, QUEUE_FULL */
  async prove(
    questions: readonly Question[],
    choice: TallyChoice = 'newest',
  ): Promise<ServedProof> {
    if (this.#proofs.pendingCount >= MOST_WAITING) {
      throw new AttestryError('QUEUE_FULL', 'Too many wait for a proof; try again later.', {
        details: { retryAfterSeconds: RETRY_SECONDS },
      });
    }
    return await this.#proofs(async () => {
      const { view, checkpoint, tally } = this.#demand(choice);
      return { checkpoint, tally, proof: encodeTallyProof(await view.prove(questions)) };
    });
  }

  /**
   * Keeps verifiers' cosignatures on the notes that are held, one of each; gives how many of the lines are such. Lines of
   * others, lines for older notes and wrong ones are left out. @throws TALLY_UNPUBLISHED, NOTE_MALFORMED
   */
  async addCosignatures(lines: string): Promise<number> {
    this.#demand('newest');
    return await this.#notes.cosign(lines);
  }

  async close(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#running;
    await this.#notes.close();
  }

  async #run(): Promise<void> {
    let size = -1;
    while (!this.#stopped) {
      const lookedAtMs = this.#options.clockMs();
      const target = this.#options.published();
      if (target !== undefined && target.size > size) {
        const before = size;
        await this.#follow(target);
        size = this.#notes.get('newest')?.size ?? -1;
        this.#caughtUpAtMs = lookedAtMs;
        if (size - before >= BUSY_STEP) await this.#restOrStop();
      } else {
        await this.#growthOrStop(size);
        this.#caughtUpAtMs = this.#options.clockMs();
      }
    }
  }

  async #growthOrStop(size: number): Promise<void> {
    await this.#unlessStopped(this.#options.waitForGrowth(size, GROWTH_TIMEOUT_MS));
  }

  async #restOrStop(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const rest = new Promise((resolve) => {
      timer = setTimeout(resolve, BUSY_REST_MS);
    });
    await this.#unlessStopped(rest);
    clearTimeout(timer);
  }

  async #unlessStopped(waiting: Promise<unknown>): Promise<void> {
    const stop = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([waiting, stop]);
  }

  async #follow(target: StoredCheckpoint): Promise<void> {
    const { store, signer } = this.#options;
    // A restored log store behind its tally would be refused at the log's start; a restored tally is just rebuilt.
    if (this.#tally.state.size > target.size) await this.#catchUpWith(target);
    const state = await this.#tally.grow(target.size, () => this.#stopped);
    if (state.size !== target.size) return;
    const { origin, root } = parseCheckpoint(target.note).checkpoint;
    const tally = signTally(tallyHead(origin, state, root), { sign: signInProcess, ...signer });
    const pair = { checkpoint: target.note, tally };
    await store.putPair(pair);
    await this.#notes.add({ ...pair, size: state.size, view: new ProvableView(store.view()) });
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

  #demand(choice: TallyChoice): HeldNote {
    const note = this.#notes.get(choice);
    if (note !== undefined) return note;
    throw new AttestryError(
      'TALLY_UNPUBLISHED',
      choice === 'cosigned'
        ? 'No tally has been cosigned by the quorum of verifiers since the start; try again soon.'
        : 'No tally has been published since the start; try again soon.',
      { details: { retryAfterSeconds: 1 } },
    );
  }
}
