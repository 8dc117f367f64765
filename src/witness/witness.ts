/**
 * A witness (c2sp.org/tlog-witness): it signs a log's checkpoint only if that extends the one it signed before, and has
 * what it signs on disk before the signature leaves. So all who hold its cosignature have seen one and the same log.
 */
import pLimit, { type LimitFunction } from 'p-limit';
import { quote } from '../core/bytes/hex.ts';
import type { AddCheckpointRequest } from '../core/note/add-checkpoint.ts';
import {
  type Checkpoint,
  parseCheckpointClaim,
  verifyLogSignatures,
} from '../core/note/checkpoint.ts';
import { signCosignature } from '../core/note/cosignature.ts';
import type { SignatureEngine } from '../core/note/ed25519.ts';
import { formatNote } from '../core/note/note.ts';
import { originHash } from '../core/note/origin-hash.ts';
import type { NoteSigner, VerifierKey } from '../core/note/vkey.ts';
import { AttestryError } from '../errors.ts';
import { storeFailure } from '../store/store-failure.ts';
import { verifyGrowth } from './growth.ts';
import { type KnownLogs, knownLogs } from './known-logs.ts';
import type { WitnessState, WitnessStore } from './witness-store.ts';

export interface WitnessOptions {
  /** Stays the caller's to close, after the witness. */
  readonly store: WitnessStore;
  /** The witness's own key, of type 0x04. */
  readonly signer: NoteSigner;
  /** Keys of the logs to cosign for, of type 0x01; a key's name is its log's origin. */
  readonly logs: readonly VerifierKey[];
  /** Origins of those logs whose key has another name, by key name. */
  readonly origins?: ReadonlyMap<string, string>;
  /** The clock, in unix seconds. */
  readonly now: () => number;
  /** What checks the logs' signatures; noble unless told. */
  readonly engine?: SignatureEngine;
  /** Told when the store fails: what is on disk is unknown then, and the process should end. */
  readonly onStoreFailure?: (failure: AttestryError) => void;
}

/** Waiting requests for one log beyond which more are turned away: each holds a connection open. */
const MOST_WAITING = 256;

/**
 * The witness, with all it ever cosigned. @throws CONFIG_INVALID for unfit keys, and what the store's `readAll` throws:
 * a witness that cannot read its memory must not start with an empty one
 */
export async function openWitness(options: WitnessOptions): Promise<Witness> {
  const logs = knownLogs({ ...options, witness: options.signer.vkey });
  return new Witness(options, logs, await options.store.readAll());
}

/** Made by `openWitness`. */
export class Witness {
  readonly #options: WitnessOptions;
  readonly #logs: ReadonlyMap<string, WitnessedLog>;
  /** What is in the store, by origin hash; changed only in the log's turn, after the store has it. */
  readonly #latest: Map<string, WitnessState>;
  #failure: AttestryError | undefined;
  #closing = false;

  constructor(options: WitnessOptions, logs: KnownLogs, states: readonly WitnessState[]) {
    this.#options = options;
    this.#logs = new Map([...logs].map(([origin, keys]) => [origin, { keys, turn: pLimit(1) }]));
    this.#latest = new Map(states.map((state) => [originHash(state.origin), state]));
  }

  /** As in the name of its key. */
  get name(): string {
    return this.#options.signer.vkey.name;
  }

  /**
   * The cosignature as a signature line with its newline; it is on disk by then.
   * @throws what `parseCheckpoint` throws, REQUEST_MALFORMED, WITNESS_ORIGIN_UNKNOWN, CHECKPOINT_UNSIGNED,
   * CHECKPOINT_SIGNATURE_INVALID, WITNESS_SIZE_CONFLICT, WITNESS_PROOF_INVALID, RATE_LIMITED, NODE_STOPPING, STORE_FAILED
   */
  async addCheckpoint(request: AddCheckpointRequest): Promise<string> {
    const { turn, ...submission } = this.#admit(request);
    if (turn.pendingCount >= MOST_WAITING) throw overrun(submission.checkpoint.origin);
    return await turn(() => this.#cosign(submission));
  }

  /**
   * The note cosigned last for the log with this origin hash (lowercase hex SHA-256), with the log's own signatures and
   * this witness's; undefined if there is none.
   */
  latestCheckpoint(hash: string): string | undefined {
    return this.#latest.get(hash)?.note;
  }

  /** What was cosigned last, one state per log. */
  states(): readonly WitnessState[] {
    return [...this.#latest.values()];
  }

  /** Why the store failed, if it did; nothing is cosigned from then on. */
  get failure(): AttestryError | undefined {
    return this.#failure;
  }

  /** Refuses new requests and waits for those under way. */
  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#logs.values()].map(({ turn }) => turn(async () => {})));
  }

  /** All that can be judged without knowing what was cosigned last, in the order of the specification's status codes. */
  #admit({
    checkpoint: noteText,
    oldSize,
    proof,
  }: AddCheckpointRequest): Submission & Pick<WitnessedLog, 'turn'> {
    const { checkpoint, note } = parseCheckpointClaim(noteText);
    if (oldSize > checkpoint.size) {
      throw new AttestryError(
        'REQUEST_MALFORMED',
        `Expected an old size of at most ${checkpoint.size}, the checkpoint's, got ${oldSize}.`,
      );
    }
    const log = this.#logs.get(checkpoint.origin);
    if (log === undefined) throw unknownOrigin(checkpoint.origin);
    // Only lines that were verified are kept: anyone can append a line that claims to be ours.
    const signatures = verifyLogSignatures(note, log.keys, this.#options.engine);
    const signedNote = formatNote({ text: note.text, signatures });
    return { turn: log.turn, checkpoint, oldSize, proof, noteText: note.text, signedNote };
  }

  async #cosign(submission: Submission): Promise<string> {
    this.#refuseWhenEnded();
    const { origin, size, root } = submission.checkpoint;
    const hash = originHash(origin);
    const last = this.#latest.get(hash);
    verifyGrowth(submission, last);
    // A cosignature says "nothing larger by this time": a clock set back must not make two of them contradict.
    const time = Math.max(Math.floor(this.#options.now()), last?.time ?? 1, 1);
    const line = signCosignature(submission.noteText, time, this.#options.signer);
    const note = submission.signedNote + line;
    // Repeats within one second change nothing, so that replays of a public checkpoint cost no disk write each.
    if (note !== last?.note) {
      const state = { origin, size, root, time, note };
      await this.#store(state);
      this.#latest.set(hash, state);
    }
    return line;
  }

  #refuseWhenEnded(): void {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#closing) {
      throw new AttestryError('NODE_STOPPING', 'The witness is shutting down; try again later.');
    }
  }

  async #store(state: WitnessState): Promise<void> {
    try {
      await this.#options.store.put(state);
    } catch (error) {
      this.#failure = storeFailure('store a cosigned checkpoint', error);
      this.#options.onStoreFailure?.(this.#failure);
      throw this.#failure;
    }
  }
}

interface WitnessedLog {
  readonly keys: readonly VerifierKey[];
  /** One request at a time: what was compared must still be true when it is stored. */
  readonly turn: LimitFunction;
}

interface Submission {
  readonly checkpoint: Checkpoint;
  readonly oldSize: number;
  readonly proof: readonly Uint8Array[];
  /** What is signed. */
  readonly noteText: string;
  /** The note with the log's verified signatures and no others. */
  readonly signedNote: string;
}

function unknownOrigin(origin: string): AttestryError {
  return new AttestryError(
    'WITNESS_ORIGIN_UNKNOWN',
    `Expected a log that this witness is set up for, got ${quote(origin)}; ask its operator to add the log's key.`,
  );
}

function overrun(origin: string): AttestryError {
  return new AttestryError(
    'RATE_LIMITED',
    `More than ${MOST_WAITING} checkpoints of ${quote(origin)} are waiting; try again in a second.`,
    { details: { retryAfterSeconds: 1 } },
  );
}
