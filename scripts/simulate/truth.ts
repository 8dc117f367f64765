/**
 * What is true in a run, known from outside the nodes: what was signed by operators, what each log wrote, what left a node
 * under its signature. The invariants are judged by it. It hashes trees in its own way.
 */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { bytesEqual } from '../../src/core/bytes/equal.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { rightCosignatures } from '../../src/core/note/cosignature.ts';
import { parseNote, parseSignatureLines } from '../../src/core/note/note.ts';
import type { VerifierKey } from '../../src/core/note/vkey.ts';
import { leavesOf } from '../../src/core/tally/leaves.ts';
import { verifyLogCheckpoint, verifyWitnessedCheckpoint } from '../../src/core/trust/quorum.ts';
import { AttestryError } from '../../src/errors.ts';
import type { Log } from '../../src/log/log.ts';
import { ENTRIES_PER_ROW, entriesOfRow } from '../../src/store/entry-rows.ts';
import { entryRowKey } from '../../src/store/level-keys.ts';
import type { LogCommit } from '../../src/store/log-store.ts';
import type { WitnessState } from '../../src/witness/witness-store.ts';
import { naiveTally } from '../../test/helpers/naive-tally.ts';
import { NaiveTree, naiveLeafHash } from '../../test/helpers/naive-tree.ts';
import { ENGINE, TRUST } from './material.ts';
import { textOf } from './virtual-level.ts';
import type { World } from './world.ts';

/** Entries in an order that a log's key has signed for, or might sign for. */
export class History {
  readonly entries: Uint8Array[];
  readonly #roots = new Map<number, string>();

  constructor(entries: readonly Uint8Array[] = []) {
    this.entries = [...entries];
  }

  /** Hex; undefined where it is too short. */
  rootAt(size: number): string | undefined {
    if (size > this.entries.length) return undefined;
    const known = this.#roots.get(size);
    if (known !== undefined) return known;
    const tree = new NaiveTree(this.entries.slice(0, size).map(naiveLeafHash));
    const root = encodeHex(tree.root(size));
    this.#roots.set(size, root);
    return root;
  }

  /** The entry takes the place that is next, or one that was not signed for. */
  put(index: number, entry: Uint8Array): void {
    this.entries[index] = entry;
    for (const size of this.#roots.keys()) if (size > index) this.#roots.delete(size);
  }
}

export interface Acknowledged {
  readonly index: number;
  readonly entryHash: string;
  readonly entry: Uint8Array;
}

interface Signed {
  readonly size: number;
  /** Hex. */
  readonly root: string;
}

/** A size and root under a signature, and which histories have it. */
interface View {
  readonly size: number;
  readonly histories: readonly History[];
}

export class Truth {
  readonly world: World;
  /** What the log wrote, as it stands now. */
  readonly history = new History();
  /** Others that a dishonest log has made up. */
  readonly forks: History[] = [];
  readonly acknowledged: Acknowledged[] = [];
  /** Entries up to here stand under a checkpoint that has left the log. */
  #signedSize = 0;
  readonly #seen = new Set<string>();
  readonly #publishedNotes = new Set<string>();
  readonly #tallyNotes = new Set<string>();
  readonly #rightTallies = new Set<string>();
  /** The newest first. */
  #tallyTexts: readonly string[] = [];
  readonly #notes = new Map<string, Signed | undefined>();
  readonly #witnessed = new Map<string, View>();
  readonly #accepted = new Map<string, readonly History[]>();

  constructor(world: World) {
    this.world = world;
  }

  get signedSize(): number {
    return this.#signedSize;
  }

  /** The log is about to write a commit. */
  written({ from, entries }: LogCommit): void {
    for (const [i, { entry }] of entries.entries()) {
      const before = this.history.entries[from + i];
      const isSame = before !== undefined && bytesEqual(before, entry);
      if (!isSame && from + i < this.#signedSize)
        this.#violateLog(`entry ${from + i} was written anew`);
      if (!isSame) this.history.put(from + i, entry.slice());
    }
  }

  /** The log has recovered: everything acknowledged must be there. */
  logStarted(log: Log): void {
    for (const { index, entry } of this.acknowledged) {
      void log.reader.entry(index).then(
        (kept) => {
          if (!bytesEqual(kept, entry))
            this.#violateLog(`acknowledged entry ${index} was replaced`);
        },
        (error: unknown) => {
          if (error instanceof AttestryError && error.code === 'STORE_CORRUPT') return;
          this.#violateLog(`acknowledged entry ${index} is lost: ${String(error)}`);
        },
      );
    }
  }

  acknowledge(acknowledged: Acknowledged): void {
    this.acknowledged.push(acknowledged);
    const kept = this.history.entries[acknowledged.index];
    if (kept === undefined || !bytesEqual(kept, acknowledged.entry)) {
      this.#violateLog(`entry ${acknowledged.index} was acknowledged, another was written`);
    }
    this.#demandOnPlatter(acknowledged);
  }

  /** What is acknowledged, a power cut leaves: unless the disk has changed it by itself. */
  #demandOnPlatter({ index, entry }: Acknowledged): void {
    const { log, changed } = this.world;
    if (changed.has(log.host)) return;
    const row = log.disk.level('db').durable.get(textOf(entryRowKey(index)));
    const kept = row && entriesOfRow(row)[index % ENTRIES_PER_ROW];
    if (kept !== undefined && bytesEqual(kept, entry)) return;
    this.#violateLog(`entry ${index} was acknowledged, and is not on the disk`);
  }

  /** What the log publishes has the quorum. */
  published(note: string): void {
    if (this.#publishedNotes.has(note)) return;
    this.#publishedNotes.add(note);
    try {
      verifyWitnessedCheckpoint(note, { trust: TRUST, now: this.world.unixNow(), engine: ENGINE });
    } catch (error) {
      if (!(error instanceof AttestryError)) throw error;
      this.#violateLog(`what it publishes is refused with ${error.code}`);
    }
  }

  sawTally(note: string): void {
    if (this.#tallyNotes.has(note)) return;
    this.#tallyNotes.add(note);
    const { text } = parseNote(note);
    if (!this.#tallyTexts.includes(text)) this.#tallyTexts = [text, ...this.#tallyTexts];
  }

  /** A verifier has cosigned one of the tally notes that it was shown. */
  cosignedTally(verifier: VerifierKey, lines: string): void {
    if (this.world.liars.has(verifier.name)) return;
    const signatures = parseSignatureLines(lines);
    const rules = { witnesses: [verifier], engine: ENGINE };
    const text = this.#tallyTexts.find(
      (shown) => rightCosignatures({ text: shown, signatures }, rules).length > 0,
    );
    if (text === undefined || this.#rightTallies.has(text)) return;
    const [, size = '', tallyRoot] = text.split('\n');
    const history = this.history.entries.slice(0, Number(size));
    const root = naiveTally(history.flatMap((entry, index) => leavesOf(entry, index))).hash;
    if (encodeBase64(root) === tallyRoot) this.#rightTallies.add(text);
    else this.world.violate(`${verifier.name} cosigned a tally that is wrong`);
  }

  /** A note with the log's signature has been seen outside. */
  sawCheckpoint(note: string): void {
    const text = note.slice(0, note.indexOf('\n\n'));
    if (this.#seen.has(text)) return;
    const signed = this.#signedByLog(note);
    if (signed === undefined) return;
    this.#seen.add(text);
    const { size, root } = signed;
    this.world.trace.add('log', `signed ${size} ${root.slice(0, 12)}`);
    if (this.history.rootAt(size) === root) {
      this.#signedSize = Math.max(this.#signedSize, size);
      return;
    }
    this.#violateLog(`a checkpoint of size ${size} was signed that its entries do not give`);
  }

  /** A witness has answered with its cosignature on the note. */
  cosigned(witness: string, note: string): void {
    if (this.world.liars.has(witness)) return;
    const signed = this.#signedByLog(note);
    if (signed === undefined) {
      this.world.violate(`${witness} cosigned what the log did not sign`);
      return;
    }
    const { size, root } = signed;
    const before = this.#witnessed.get(witness) ?? { size: 0, histories: this.#all() };
    const histories = before.histories.filter((history) => history.rootAt(size) === root);
    if (size < before.size) this.world.violate(`${witness} cosigned ${size} after ${before.size}`);
    if (histories.length === 0 && size > 0) this.world.violate(`${witness} cosigned two histories`);
    this.#witnessed.set(witness, { size, histories: size === 0 ? before.histories : histories });
  }

  witnessStarted(witness: string, states: readonly WitnessState[]): void {
    if (this.world.liars.has(witness)) return;
    const signed = this.#witnessed.get(witness)?.size ?? 0;
    const kept = states[0]?.size ?? 0;
    if (kept < signed) this.world.violate(`${witness} has forgotten that it cosigned ${signed}`);
  }

  /** Somebody has been told VALID under this root: there must be one history for everyone who was. */
  accepted(size: number, root: string): readonly History[] {
    const key = `${size} ${root}`;
    const known = this.#accepted.get(key);
    if (known !== undefined) return known;
    const histories = this.#all().filter((history) => history.rootAt(size) === root);
    this.#accepted.set(key, histories);
    const shared = this.#all().filter((history) =>
      [...this.#accepted.values()].every((list) => list.includes(history)),
    );
    if (shared.length === 0) this.world.violate(`two histories are VALID (size ${size})`);
    return histories;
  }

  #all(): readonly History[] {
    return [this.history, ...this.forks];
  }

  /** What a checkpoint says, if it is the log's; whatever cosignatures the note carries. */
  #signedByLog(note: string): Signed | undefined {
    const text = note.slice(0, note.indexOf('\n', note.indexOf('\n\n') + 2));
    if (!this.#notes.has(text)) this.#notes.set(text, readSigned(note));
    return this.#notes.get(text);
  }

  #violateLog(what: string): void {
    const { world } = this;
    if (!world.liars.has(world.log.host)) world.violate(`log: ${what}`);
  }
}

function readSigned(note: string): Signed | undefined {
  try {
    const rules = { trust: TRUST, now: 0, engine: ENGINE };
    const { size, root } = verifyLogCheckpoint(note, rules).checkpoint;
    return { size, root: encodeHex(root) };
  } catch (error) {
    if (error instanceof AttestryError) return undefined;
    throw error;
  }
}
