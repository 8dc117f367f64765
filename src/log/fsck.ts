/** A full check of a stopped log's database: everything is read and derived anew, nothing is believed. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { canonicalText } from '../core/bytes/json.ts';
import { frontierAt } from '../core/merkle/frontier.ts';
import { EMPTY_ROOT } from '../core/merkle/hash.ts';
import { rootFromTiles, tileNodeReader } from '../core/merkle/tile.ts';
import {
  parseCheckpoint,
  type SignedCheckpoint,
  verifyParsedCheckpoint,
} from '../core/note/checkpoint.ts';
import { advanceStream, type StreamState, streamKey } from '../core/statement/stream.ts';
import { countedCosignatures, timesByOrganisation } from '../core/trust/quorum.ts';
import type { TrustedLog, TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import { fastestEngine } from '../keys/fastest-engine.ts';
import { nodeHashBySystem } from '../keys/openssl-hash.ts';
import type { HeadLock } from '../store/head-lock.ts';
import type { CheckpointState, Head, LogStore, Misplaced } from '../store/log-store.ts';
import { storeCorrupt } from '../store/store-failure.ts';
import { tileReader } from '../store/tile-reader.ts';
import { unpackLeaves } from '../tally/packed-leaves.ts';
import { type RebuiltTally, TallyRebuild } from '../tally/rebuild.ts';
import type { TallyStore } from '../tally/tally-store.ts';
import {
  asFault,
  checkStep,
  type FsckProblem,
  faultOf,
  inadmissible,
  type StepReport,
} from './fsck-step.ts';
import { startFsckThreads } from './fsck-threads.ts';
import { type ScrubStep, scrubSteps, scrubUpperTiles } from './scrub.ts';

export interface FsckOptions {
  readonly store: LogStore;
  readonly headLock: HeadLock;
  readonly trust: TrustRoot;
  /** Which log of the trust root this is. */
  readonly log: TrustedLog;
  /** Unix seconds. */
  readonly now: number;
  /** False checks hashes alone: no signature but those of the newest checkpoints, nothing of what the entries say. Default true. */
  readonly signatures?: boolean;
  /** The log's tally, to be built anew from the entries: it takes the place of the kept one. Not with hashes alone. */
  readonly tally?: TallyStore | undefined;
  /** Where this process has opened the store with SHARED_DISK: its steps are checked in threads that open it too. */
  readonly sharedFolder?: string;
  /** Told after every tile's worth of entries. */
  readonly onProgress?: (done: number, size: number) => void;
}

export interface FsckReport {
  readonly origin: string;
  readonly size: number;
  readonly problems: readonly FsckProblem[];
  readonly checked: readonly string[];
  readonly notChecked: readonly string[];
}

interface Fsck extends FsckOptions {
  readonly head: Head;
  readonly problems: FsckProblem[];
  readonly streams: Map<string, StreamState>;
  /** Entries that could not be opened, ascending. */
  readonly unread: number[];
  /** While the tally is built anew; not where it is not, or can no longer be. */
  rebuild: TallyRebuild | undefined;
}

/** What holds and what does not. Throws only when the database cannot be read at all. @throws STORE_FAILED */
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const head = options.store.head() ?? { size: 0, root: EMPTY_ROOT };
  const nothing = { problems: [], streams: new Map(), unread: [], rebuild: undefined };
  const run: Fsck = { ...options, head, ...nothing };
  run.rebuild = await attempt(run, () => beginRebuild(run));
  await attempt(run, () => checkRoot(run));
  await attempt(run, () => checkLock(run));
  await attempt(run, () => scrubUpperTiles(run.store, head.size));
  // Beside the threads that check the entries; said after what they say.
  const checkpoints = { ...run, problems: [] };
  const [, misplaced] = await allOf(
    checkEntries(run),
    findMisplaced(run),
    checkCheckpoints(checkpoints),
  );
  notePlaces(run, misplaced);
  if (options.signatures !== false) await attempt(run, () => checkStreamTable(run));
  for (const problem of checkpoints.problems) run.problems.push(problem);
  const rebuilt = await attempt(run, () => checkTally(run));
  return report(run, rebuilt);
}

async function beginRebuild({ tally, signatures }: Fsck): Promise<TallyRebuild | undefined> {
  if (tally === undefined || signatures === false) return undefined;
  return await TallyRebuild.begin(tally);
}

async function checkTally({ rebuild }: Fsck): Promise<RebuiltTally | undefined> {
  const rebuilt = await rebuild?.end();
  if (rebuilt === undefined || rebuilt.wasRight) return rebuilt;
  throw new AttestryError(
    'TABLE_MISMATCH',
    `The kept tally was not what the entries give; ${describeTally(rebuilt)} now stands in its place.`,
  );
}

function describeTally({ size, count }: RebuiltTally): string {
  return `the tally, built anew from ${size} entries, of ${count} leaves`;
}

function report(run: Fsck, rebuilt: RebuiltTally | undefined): FsckReport {
  const { log, head, problems, unread, signatures } = run;
  const [firstUnread] = unread;
  const judged =
    signatures === false
      ? `hash; of one in ${LOOKED_UP_ONE_IN}: duplicates, look-up table`
      : 'hash, canonical form, signatures, admission, streams, duplicates, look-up table';
  return {
    origin: log.origin,
    size: head.size,
    problems,
    checked: [
      `${head.size - unread.length} of ${head.size} entries: ${judged}.`,
      `Every tile of every level, the root, the head lock, and every kept checkpoint${signatures === false ? '; signatures of the newest' : ' with its signatures'}.`,
      ...(rebuilt === undefined ? [] : [`As it is kept: ${describeTally(rebuilt)}.`]),
    ],
    notChecked: [
      ...(signatures === false
        ? [
            "The operators' signatures, and with them everything that the entries say, and the tally: left out on request.",
            'Whether any other entry is there twice, or is not found by its hash, and the signatures of earlier checkpoints: left out with them.',
          ]
        : []),
      ...(firstUnread === undefined
        ? []
        : [
            `Signatures and admission of ${unread.length} damaged entries, the first at ${firstUnread}; the order of usage statements from there on.`,
          ]),
      'Rows of the database that no entry leads to.',
      'The files hashes-* beside the database: copies of what the tiles say, which a start takes where checksum and root fit.',
      'Whether a witness or a verifier has seen more or something else of this log: that needs the network (attestry audit).',
      'Whether what the statements say is true.',
    ],
  };
}

function checkRoot({ store, head }: Fsck): void {
  if (bytesEqual(rootFromTiles(head.size, tileReader(store), nodeHashBySystem), head.root)) return;
  throw new AttestryError(
    'ROOT_MISMATCH',
    `The tiles do not give the stored root of size ${head.size}.`,
  );
}

function checkLock({ store, headLock, head }: Fsck): void {
  const locked = headLock.read();
  if (locked === undefined) throw new AttestryError('HEAD_MALFORMED', 'The head lock is missing.');
  if (locked.size > head.size) {
    throw new AttestryError(
      'HEAD_ROLLBACK',
      `The head lock says ${locked.size} entries, the database holds ${head.size}.`,
    );
  }
  if (!bytesEqual(rootFromTiles(locked.size, tileReader(store), nodeHashBySystem), locked.root)) {
    throw new AttestryError(
      'HEAD_FORK',
      `The database does not give the head lock's root at size ${locked.size}.`,
    );
  }
}

/** Steps that are under way beside the one that is judged: the threads have work while the event loop does something else. */
const STEPS_AHEAD = 32;

/** So few are checked before threads have started; and so few hashed, which costs a twentieth. */
const FEW_TO_CHECK = 4_096;
const FEW_TO_HASH = 250_000;

/** All entries, the oldest first, as streams are judged in order; all else of each step is checked side by side. */
async function checkEntries(run: Fsck): Promise<void> {
  const { store, trust, log, now, head, signatures, sharedFolder } = run;
  const leaves = run.rebuild !== undefined;
  const rules = { trust, origin: log.origin, now, size: head.size, signatures, leaves };
  const few = signatures === false ? FEW_TO_HASH : FEW_TO_CHECK;
  const threads =
    head.size > few && sharedFolder !== undefined
      ? startFsckThreads({ ...rules, folder: sharedFolder })
      : undefined;
  if (threads === undefined)
    return await checkSteps(run, (step) => checkStep({ ...rules, store }, step));
  try {
    await checkSteps(run, (step) => threads.check(step));
  } finally {
    await threads.close();
  }
}

async function checkSteps(run: Fsck, check: CheckStep): Promise<void> {
  const ahead: { readonly step: ScrubStep; readonly checked: Promise<StepReport> }[] = [];
  const judgeFirst = async (): Promise<void> => {
    const first = ahead.shift();
    if (first === undefined) return;
    const report = await first.checked;
    judgeStep(run, report);
    run.rebuild = await attempt(run, () => growTally(run, first.step, report));
    run.onProgress?.(first.step.end, run.head.size);
  };
  for (const step of [...scrubSteps(run.head.size)].reverse()) {
    const checked = check(step);
    // Whoever awaits it gets the error; until then nobody does.
    checked.catch(() => undefined);
    ahead.push({ step, checked });
    if (ahead.length > STEPS_AHEAD) await judgeFirst();
  }
  while (ahead.length > 0) await judgeFirst();
}

type CheckStep = (step: ScrubStep) => Promise<StepReport>;

function judgeStep(run: Fsck, { problems, unread, usage }: StepReport): void {
  run.problems.push(...problems);
  run.unread.push(...unread);
  const { streams } = run;
  for (const { index, statement, payload } of usage) {
    // Of which stream a damaged entry was, nobody knows.
    if ((run.unread[0] ?? index) < index) return;
    const key = streamKey(statement);
    const after = faultOf(() => advanceStream(streams.get(key), statement, payload));
    if (after instanceof AttestryError) note(run, inadmissible(index, after));
    else streams.set(key, after);
  }
}

/** The tally with the step's leaves, if it is to be built at all. */
async function growTally(
  { rebuild }: Fsck,
  { start, end }: ScrubStep,
  { leaves }: StepReport,
): Promise<TallyRebuild | undefined> {
  if (rebuild === undefined) return undefined;
  if (leaves === undefined) {
    throw storeCorrupt(
      `The tally cannot be built anew: not all of the entries ${start} to ${end - 1} are what was logged`,
    );
  }
  await rebuild.take(unpackLeaves(leaves).map(({ tallyLeaves }) => tallyLeaves));
  return rebuild;
}

function note({ problems }: Fsck, { code, message }: AttestryError): void {
  problems.push({ code, message });
}

async function checkStreamTable({ store, streams, unread }: Fsck): Promise<void> {
  const table = new Map<string, StreamState>();
  for await (const [key, state] of store.streams()) table.set(key, state);
  if (unread.length > 0) return;
  const wrong = [...new Set([...table.keys(), ...streams.keys()])].find(
    (key) => canonicalText(table.get(key) ?? null) !== canonicalText(streams.get(key) ?? null),
  );
  if (wrong === undefined) return;
  throw new AttestryError(
    'TABLE_MISMATCH',
    `The stored state of stream ${wrong} is not what the entries give.`,
  );
}

/** Where hashes are all that is asked for, one in so many is looked up. */
const LOOKED_UP_ONE_IN = 8;

async function findMisplaced({ store, signatures }: Fsck): Promise<Misplaced[]> {
  const misplaced: Misplaced[] = [];
  const oneIn = signatures === false ? LOOKED_UP_ONE_IN : 1;
  for await (const entry of store.misplaced(oneIn)) misplaced.push(entry);
  return misplaced;
}

function notePlaces({ unread, problems }: Fsck, misplaced: readonly Misplaced[]): void {
  const damaged = new Set(unread);
  for (const { index, found } of misplaced) {
    // Its tile may be what is damaged, and not where it is looked up.
    if (damaged.has(index)) continue;
    const code = found === undefined || found > index ? 'TABLE_MISMATCH' : 'ENTRY_DUPLICATE';
    problems.push({ code, message: `Entry ${index} is looked up at ${found ?? 'no index'}.` });
  }
}

async function checkCheckpoints(run: Fsck): Promise<void> {
  for (const state of ['committed', 'witnessed'] as const) await checkKept(run, state);
}

async function checkKept(run: Fsck, state: CheckpointState): Promise<void> {
  const { store, log, head, signatures } = run;
  // Middle nodes are compared with their tile where the entries are checked.
  const readMiddle = (index: number): Uint8Array | undefined => store.middle(index);
  const readNode = tileNodeReader(tileReader(store), nodeHashBySystem, readMiddle);
  const rootAt = (size: number): Uint8Array => frontierAt(size, readNode, nodeHashBySystem).root();
  const newest = await store.latestCheckpoint(state);
  for await (const kept of store.checkpoints(state))
    await attempt(run, () => {
      const place = `The ${state} checkpoint of size ${kept.size}`;
      const signed = verifyKept(place, () => parseCheckpoint(kept.note));
      if (signatures !== false || kept.size === newest?.size)
        checkSignatures(run, { ...signed, state, place });
      const { origin, size, root } = signed.checkpoint;
      const isOwn = origin === log.origin && size === kept.size;
      if (isOwn && size <= head.size && bytesEqual(rootAt(size), root)) return;
      throw new AttestryError('ROOT_MISMATCH', `${place} does not fit the entries.`);
    });
}

interface KeptCheckpoint extends SignedCheckpoint {
  readonly state: CheckpointState;
  /** As it is called in what is said of it. */
  readonly place: string;
}

function checkSignatures({ log, trust }: Fsck, kept: KeptCheckpoint): void {
  const { state, place, note } = kept;
  const engine = fastestEngine();
  verifyKept(place, () => verifyParsedCheckpoint(kept, { vkeys: [log.vkey], engine }));
  if (state === 'committed') return;
  const rules = { trust, now: Number.POSITIVE_INFINITY, engine };
  const held = verifyKept(place, () => countedCosignatures(note, trust.witnesses, rules));
  const organisations = timesByOrganisation(held, trust.witnesses).length;
  if (organisations >= trust.witnessQuorum) return;
  throw new AttestryError(
    'QUORUM_SHORT',
    `${place} has cosignatures of witnesses of ${organisations} organisations, not of ${trust.witnessQuorum}.`,
  );
}

function verifyKept<T>(place: string, verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    if (!(cause instanceof AttestryError) || cause.code.startsWith('STORE_')) throw cause;
    throw new AttestryError(cause.code, `${place} is damaged: ${cause.message}`, { cause });
  }
}

/** What each gives, once all have ended, whatever comes of them. @throws what the first of them throws */
async function allOf<T extends readonly Promise<unknown>[]>(
  ...all: T
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(all);
  return await Promise.all(all);
}

/** What `check` gives; undefined and one more problem where it refuses. */
async function attempt<T>(run: Fsck, check: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await check();
  } catch (error) {
    note(run, asFault(error));
    return undefined;
  }
}
