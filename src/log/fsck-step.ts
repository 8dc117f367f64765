/**
 * What a full check says of one tile's worth of a log, whatever the rest of it holds: so steps are checked side by side, in
 * threads that share the database. The report is plain data, to be sent from one thread to another.
 */
import { bytesEqual } from '../core/bytes/equal.ts';
import { HASH_LENGTH } from '../core/merkle/hash.ts';
import { TILE_WIDTH } from '../core/merkle/tile.ts';
import { admitStatement, type OpenedEntry, openEntry } from '../core/statement/admission.ts';
import type { Statement, StatementOf } from '../core/statement/statement.ts';
import { leavesOf, leavesOfStatement } from '../core/tally/leaves.ts';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError, type AttestryErrorCode } from '../errors.ts';
import { type VerifyMany, verifyEach, verifyInPool } from '../keys/openssl-engine.ts';
import { leafHashBySystem } from '../keys/openssl-hash.ts';
import type { LogStore } from '../store/log-store.ts';
import { tileReader } from '../store/tile-reader.ts';
import { type PackedLeaves, packLeaves, type TalliedEntry } from '../tally/packed-leaves.ts';
import { hashToRow, type ScrubStep, scrubTile } from './scrub.ts';

export interface StepRules {
  readonly store: LogStore;
  readonly trust: TrustRoot;
  readonly origin: string;
  /** Unix seconds. */
  readonly now: number;
  /** Of the whole log. */
  readonly size: number;
  /** False checks hashes alone. */
  readonly signatures?: boolean | undefined;
  /** Whether the tally's leaves are asked for; with hashes alone there are none. */
  readonly leaves?: boolean | undefined;
  /** libuv's pool, or threads of its own, unless told. */
  readonly verifyMany?: VerifyMany;
}

export interface FsckProblem {
  readonly code: AttestryErrorCode;
  readonly message: string;
}

export interface StepReport {
  readonly problems: readonly FsckProblem[];
  /** Entries that could not be opened, ascending. */
  readonly unread: readonly number[];
  /** The usage statements, whose order is for the whole log to judge. */
  readonly usage: readonly UsageAt[];
  /** The tally's leaves of all of the step's entries; undefined where they are not asked for, or an entry is not what was logged. */
  readonly leaves?: PackedLeaves | undefined;
}

export interface UsageAt {
  readonly index: number;
  readonly statement: StatementOf<'usage'>;
  readonly payload: Uint8Array;
}

interface Opened {
  readonly entryHash: Uint8Array;
  /** Undefined where hashes alone are checked. */
  readonly opened?: OpenedEntry;
}

/** What has been found out so far, entry by entry. */
interface Found {
  readonly problems: FsckProblem[];
  readonly unread: number[];
  readonly usage: UsageAt[];
  /** Of each entry; undefined where its leaves are not known, or not asked for. */
  readonly tallied: (TalliedEntry | undefined)[];
}

/** The step's tile, entries, signatures and statements. @throws STORE_FAILED */
export async function checkStep(rules: StepRules, step: ScrubStep): Promise<StepReport> {
  const found: Found = { problems: [], unread: [], usage: [], tallied: [] };
  const row = readTile(rules, step, found);
  if (!isWhole(rules, step, row)) {
    const entries = await openStep(rules, step, row);
    for (const [i, entry] of entries.entries())
      judgeEntry(rules, found, { index: step.start + i, entry });
  }
  const { tallied, ...report } = found;
  return { ...report, leaves: packAll(tallied) };
}

function judgeEntry(
  rules: StepRules,
  found: Found,
  { index, entry }: { readonly index: number; readonly entry: Opened | AttestryError },
): void {
  if (entry instanceof AttestryError) {
    found.unread.push(index);
    note(found, entry);
    found.tallied.push(tallyRefused(rules, index, entry));
    return;
  }
  const { opened } = entry;
  if (opened === undefined) return;
  const statement = faultOf(() => readmit(rules, index, opened));
  found.tallied.push(tallyOpened(rules, { index, opened, statement }));
  if (statement instanceof AttestryError) note(found, inadmissible(index, statement));
  else if (statement.kind === 'usage')
    found.usage.push({ index, statement, payload: opened.envelope.payload });
}

function note({ problems }: Found, fault: AttestryError | undefined): void {
  if (fault !== undefined) problems.push({ code: fault.code, message: fault.message });
}

function packAll(tallied: readonly (TalliedEntry | undefined)[]): PackedLeaves | undefined {
  const known = tallied.filter((one) => one !== undefined);
  return known.length > 0 && known.length === tallied.length ? packLeaves(known) : undefined;
}

// The tally counts whatever is a statement, also where admission refuses it.
function tallyOpened(
  { leaves }: StepRules,
  at: {
    readonly index: number;
    readonly opened: OpenedEntry;
    readonly statement: Statement | AttestryError;
  },
): TalliedEntry | undefined {
  if (leaves !== true) return undefined;
  const { index, opened, statement } = at;
  const { entryHash, envelope } = opened;
  const tallyLeaves =
    statement instanceof AttestryError
      ? leavesOf(envelope.entry, index, () => entryHash)
      : leavesOfStatement(statement, index, entryHash);
  return { entryHash, tallyLeaves };
}

/** Undefined where the entry is not what was logged: nobody knows what that was. */
function tallyRefused(
  { store, leaves }: StepRules,
  index: number,
  { code }: AttestryError,
): TalliedEntry | undefined {
  if (leaves !== true || code !== 'ENTRY_INADMISSIBLE') return undefined;
  const entry = faultOf(() => store.entry(index));
  if (entry === undefined || entry instanceof AttestryError) return undefined;
  const entryHash = leafHashBySystem(entry);
  return { entryHash, tallyLeaves: leavesOf(entry, index, () => entryHash) };
}

/** The row of the step's tile; undefined where there is none. What is wrong with it is noted. */
function readTile(
  { store, size }: StepRules,
  { start }: ScrubStep,
  found: Found,
): Uint8Array | undefined {
  const tile = { level: 0, index: start / TILE_WIDTH };
  const whole = faultOf(() => scrubTile(store, tile, size));
  if (!(whole instanceof AttestryError)) return whole;
  note(found, whole);
  const row = faultOf(() => tileReader(store)(tile.level, tile.index));
  if (!(row instanceof AttestryError)) return row;
  note(found, row);
  return undefined;
}

/** Whether hashes are all that is asked for, and the step's entries hash to this row: where not, each is to be judged by itself. */
function isWhole(
  { store, signatures }: StepRules,
  { start, end }: ScrubStep,
  row: Uint8Array | undefined,
): boolean {
  if (signatures !== false || row === undefined) return false;
  return faultOf(() => hashToRow(store.bundlePiecesSync(start, end), row)) === true;
}

/** The step's entries, each opened and with its signatures verified, or why it is not. */
async function openStep(
  rules: StepRules,
  step: ScrubStep,
  row: Uint8Array | undefined,
): Promise<(Opened | AttestryError)[]> {
  const read = await readStep(rules, step);
  const entries = read.map((entry, i) => {
    const leaf = row?.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH);
    return faultOf(() => openAt(rules, { index: step.start + i, entry, leaf }));
  });
  return rules.signatures === false ? entries : await verifyStep(rules, step.start, entries);
}

type ReadEntry = Uint8Array | undefined | AttestryError;

/** Where one is gone, all are read one by one, so that the others are still checked. */
async function readStep({ store }: StepRules, { start, end }: ScrubStep): Promise<ReadEntry[]> {
  try {
    return await store.entries(start, end);
  } catch (error) {
    asFault(error);
    return Array.from({ length: end - start }, (_, i) => faultOf(() => store.entry(start + i)));
  }
}

interface EntryAt {
  readonly index: number;
  readonly entry: ReadEntry;
  /** As the tile has it; undefined where the tile is gone. */
  readonly leaf: Uint8Array | undefined;
}

/** The entry, if it hashes to its leaf and is an envelope; its signatures are not verified. */
function openAt({ trust, signatures }: StepRules, { index, entry, leaf }: EntryAt): Opened {
  if (entry instanceof AttestryError) throw entry;
  const bytes = entry ?? new Uint8Array();
  const entryHash = leafHashBySystem(bytes);
  if (leaf !== undefined && !bytesEqual(entryHash, leaf)) {
    throw new AttestryError(
      'ENTRY_HASH_MISMATCH',
      `Entry ${index} does not hash to its leaf in the tree.`,
    );
  }
  if (signatures === false) return { entryHash };
  const opened = faultOf(() => openEntry(bytes, trust, () => entryHash));
  if (opened instanceof AttestryError) throw inadmissible(index, opened);
  return { entryHash, opened };
}

/** The same entries, but why not for each of which a signature does not hold. */
async function verifyStep(
  { verifyMany = verifyInPool }: StepRules,
  start: number,
  entries: readonly (Opened | AttestryError)[],
): Promise<(Opened | AttestryError)[]> {
  const claims = entries.map((entry) =>
    entry instanceof AttestryError ? [] : (entry.opened?.claims ?? []),
  );
  const held = await verifyEach(claims, verifyMany);
  return entries.map((entry, i) => {
    if (held[i]) return entry;
    const invalid = new AttestryError('SIGNATURE_INVALID', 'A signature does not verify.');
    return inadmissible(start + i, invalid);
  });
}

function readmit({ trust, now, origin }: StepRules, index: number, opened: OpenedEntry) {
  return admitStatement(opened, { trust, origin, now, index }).statement;
}

/** What of an entry in a log must not be there. */
export function inadmissible(index: number, cause: AttestryError): AttestryError {
  const message = `Entry ${index} must not be in the log: ${cause.code}: ${cause.message}`;
  return new AttestryError('ENTRY_INADMISSIBLE', message, { cause, details: { index } });
}

/** What `run` gives, or what it finds wrong with the log. @throws whatever `asFault` throws */
export function faultOf<T>(run: () => T): T | AttestryError {
  try {
    return run();
  } catch (error) {
    return asFault(error);
  }
}

/** The error, where it says what is wrong with the log. @throws whatever else it is */
export function asFault(error: unknown): AttestryError {
  if (error instanceof AttestryError && error.code !== 'STORE_FAILED') return error;
  throw error;
}
