/** A full check of a stopped log's database: everything is read and derived anew, nothing is believed. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { canonicalText } from '../core/bytes/json.ts';
import { frontierAt } from '../core/merkle/frontier.ts';
import { EMPTY_ROOT, HASH_LENGTH } from '../core/merkle/hash.ts';
import { rootFromTiles, TILE_WIDTH, tileNodeReader } from '../core/merkle/tile.ts';
import { verifyCheckpoint } from '../core/note/checkpoint.ts';
import { admitStatement, type OpenedEntry, openEntry } from '../core/statement/admission.ts';
import { advanceStream, type StreamState, streamKey } from '../core/statement/stream.ts';
import { countedCosignatures, timesByOrganisation } from '../core/trust/quorum.ts';
import type { TrustedLog, TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError, type AttestryErrorCode } from '../errors.ts';
import { opensslEngine, verifyInPool } from '../keys/openssl-engine.ts';
import { leafHashBySystem } from '../keys/openssl-hash.ts';
import type { HeadLock } from '../store/head-lock.ts';
import type { CheckpointState, Head, LogStore, StoredCheckpoint } from '../store/log-store.ts';
import { type ScrubStep, scrubSteps, scrubTile, scrubUpperTiles } from './scrub.ts';
import { tileReader } from './second-path.ts';

export interface FsckOptions {
  readonly store: LogStore;
  readonly headLock: HeadLock;
  readonly trust: TrustRoot;
  /** Which log of the trust root this is. */
  readonly log: TrustedLog;
  /** Unix seconds. */
  readonly now: number;
  /** False checks hashes alone: no signature, nothing of what the entries say. Default true. */
  readonly signatures?: boolean;
  /** Told after every tile's worth of entries. */
  readonly onProgress?: (done: number, size: number) => void;
}

export interface FsckProblem {
  readonly code: AttestryErrorCode;
  readonly message: string;
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
}

/** What holds and what does not. Throws only when the database cannot be read at all. @throws STORE_FAILED */
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const head = options.store.head() ?? { size: 0, root: EMPTY_ROOT };
  const run: Fsck = { ...options, head, problems: [], streams: new Map(), unread: [] };
  await attempt(run, () => checkRoot(run));
  await attempt(run, () => checkLock(run));
  await attempt(run, () => scrubUpperTiles(run.store, head.size));
  await checkEntries(run);
  if (options.signatures !== false) await attempt(run, () => checkStreamTable(run));
  for (const state of ['committed', 'witnessed'] as const) await checkCheckpoints(run, state);
  return report(run);
}

function report({ log, head, problems, unread, signatures }: Fsck): FsckReport {
  const [firstUnread] = unread;
  const judged = signatures === false ? '' : ', canonical form, signatures, admission, streams';
  return {
    origin: log.origin,
    size: head.size,
    problems,
    checked: [
      `${head.size - unread.length} of ${head.size} entries: hash${judged}, duplicates, look-up table.`,
      'Every tile of every level, the root, the head lock, and every kept checkpoint with its signatures.',
    ],
    notChecked: [
      ...(signatures === false
        ? [
            "The operators' signatures, and with them everything that the entries say, and the tally: left out on request.",
          ]
        : []),
      ...(firstUnread === undefined
        ? []
        : [
            `Signatures and admission of ${unread.length} damaged entries, the first at ${firstUnread}; the order of usage statements from there on.`,
          ]),
      'Rows of the database that no entry leads to.',
      'Whether a witness or a verifier has seen more or something else of this log: that needs the network (attestry audit).',
      'Whether what the statements say is true.',
    ],
  };
}

function checkRoot({ store, head }: Fsck): void {
  if (bytesEqual(rootFromTiles(head.size, tileReader(store)), head.root)) return;
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
  if (!bytesEqual(rootFromTiles(locked.size, tileReader(store)), locked.root)) {
    throw new AttestryError(
      'HEAD_FORK',
      `The database does not give the head lock's root at size ${locked.size}.`,
    );
  }
}

/** Steps that are read and verified ahead of the one that is judged: enough signatures for all threads of the pool. */
const STEPS_AHEAD = 4;

/** All entries, the oldest first, as streams are judged in order; signatures are verified side by side. */
async function checkEntries(run: Fsck): Promise<void> {
  const ahead: { readonly step: ScrubStep; readonly opened: Promise<StepEntry[]> }[] = [];
  const judgeFirst = async (): Promise<void> => {
    const first = ahead.shift();
    if (first === undefined) return;
    await judgeStep(run, first.step, await first.opened);
    run.onProgress?.(first.step.end, run.head.size);
  };
  for (const step of [...scrubSteps(run.head.size)].reverse()) {
    const opened = openStep(run, step);
    // Whoever awaits it gets the error; until then nobody does.
    opened.catch(() => undefined);
    ahead.push({ step, opened });
    if (ahead.length > STEPS_AHEAD) await judgeFirst();
  }
  while (ahead.length > 0) await judgeFirst();
}

/** What one entry of a step gives: what is to be judged, or why it cannot be. */
type StepEntry = { readonly entryHash: Uint8Array; readonly opened?: OpenedEntry } | AttestryError;

/** The step's tile is checked, its entries are read, hashed and their signatures verified. */
async function openStep(run: Fsck, { start, end }: ScrubStep): Promise<StepEntry[]> {
  const tile = { level: 0, index: start / TILE_WIDTH };
  await attempt(run, () => scrubTile(run.store, tile, run.head.size));
  const row = await attempt(run, () => tileReader(run.store)(tile.level, tile.index));
  const entries = await readStep(run, { start, end });
  return await Promise.all(
    entries.map((entry, i) => {
      const leaf = row?.subarray(i * HASH_LENGTH, (i + 1) * HASH_LENGTH);
      return refusalOf(() => openAt(run, { index: start + i, entry, leaf }));
    }),
  );
}

/** Where one is gone, all are read one by one, so that the others are still checked. */
async function readStep({ store }: Fsck, { start, end }: ScrubStep): Promise<ReadEntry[]> {
  const read = await refusalOf(async () => await store.entries(start, end));
  if (!(read instanceof AttestryError)) return read;
  return await Promise.all(
    Array.from({ length: end - start }, (_, i) => refusalOf(() => store.entry(start + i))),
  );
}

type ReadEntry = Uint8Array | undefined | AttestryError;

async function refusalOf<T>(run: () => T | Promise<T>): Promise<T | AttestryError> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof AttestryError && error.code !== 'STORE_FAILED') return error;
    throw error;
  }
}

async function judgeStep(
  run: Fsck,
  { start }: ScrubStep,
  entries: readonly StepEntry[],
): Promise<void> {
  for (const [i, entry] of entries.entries()) {
    const index = start + i;
    if (entry instanceof AttestryError) {
      run.unread.push(index);
      run.problems.push({ code: entry.code, message: entry.message });
      continue;
    }
    const { entryHash, opened } = entry;
    await attempt(run, () => checkPlace(run, index, entryHash));
    if (opened !== undefined) await attempt(run, () => readmit(run, index, opened));
  }
}

interface EntryAt {
  readonly index: number;
  readonly entry: ReadEntry;
  /** As the tile has it; undefined where the tile is gone. */
  readonly leaf: Uint8Array | undefined;
}

/** The entry, if it hashes to its leaf and its signatures hold. */
async function openAt(
  { trust, signatures }: Fsck,
  { index, entry = new Uint8Array(), leaf }: EntryAt,
): Promise<Exclude<StepEntry, AttestryError>> {
  if (entry instanceof AttestryError) throw entry;
  const entryHash = leafHashBySystem(entry);
  if (leaf !== undefined && !bytesEqual(entryHash, leaf)) {
    throw new AttestryError(
      'ENTRY_HASH_MISMATCH',
      `Entry ${index} does not hash to its leaf in the tree.`,
    );
  }
  if (signatures === false) return { entryHash };
  try {
    const opened = openEntry(entry, trust, () => entryHash);
    for (const { publicKey, message, signature } of opened.claims) {
      if (await verifyInPool(publicKey, message, signature)) continue;
      throw new AttestryError('SIGNATURE_INVALID', 'A signature does not verify.');
    }
    return { entryHash, opened };
  } catch (cause) {
    throw inadmissible(index, cause);
  }
}

function checkPlace({ store }: Fsck, index: number, entryHash: Uint8Array): void {
  const found = store.indexOf(entryHash);
  if (found === index) return;
  const code = found === undefined || found > index ? 'TABLE_MISMATCH' : 'ENTRY_DUPLICATE';
  throw new AttestryError(code, `Entry ${index} is looked up at ${found ?? 'no index'}.`);
}

function readmit(run: Fsck, index: number, opened: OpenedEntry): void {
  const { trust, now, log, streams } = run;
  try {
    const { statement } = admitStatement(opened, { trust, origin: log.origin, now, index });
    if (statement.kind !== 'usage') return;
    // Of which stream a damaged entry was, nobody knows.
    if ((run.unread[0] ?? index) < index) return;
    const key = streamKey(statement);
    streams.set(key, advanceStream(streams.get(key), statement, opened.envelope.payload));
  } catch (cause) {
    throw inadmissible(index, cause);
  }
}

function inadmissible(index: number, cause: unknown): unknown {
  if (!(cause instanceof AttestryError)) return cause;
  const message = `Entry ${index} must not be in the log: ${cause.code}: ${cause.message}`;
  return new AttestryError('ENTRY_INADMISSIBLE', message, { cause, details: { index } });
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

async function checkCheckpoints(run: Fsck, state: CheckpointState): Promise<void> {
  const readNode = tileNodeReader(tileReader(run.store));
  const rootAt = (size: number): Uint8Array => frontierAt(size, readNode).root();
  for (let index = 0; ; ) {
    const kept = await run.store.checkpointCovering(state, index);
    if (kept === undefined) return;
    await attempt(run, () => checkCheckpoint(run, { ...kept, state }, rootAt));
    index = kept.size;
  }
}

function checkCheckpoint(
  { log, trust, head }: Fsck,
  kept: StoredCheckpoint & { readonly state: CheckpointState },
  rootAt: (size: number) => Uint8Array,
): void {
  const place = `The ${kept.state} checkpoint of size ${kept.size}`;
  const { checkpoint, note } = verifyKept(place, () =>
    verifyCheckpoint(kept.note, { vkeys: [log.vkey], engine: opensslEngine }),
  );
  const { size, root } = checkpoint;
  if (size !== kept.size || size > head.size || !bytesEqual(rootAt(size), root)) {
    throw new AttestryError('ROOT_MISMATCH', `${place} does not fit the entries.`);
  }
  if (kept.state === 'committed') return;
  const rules = { trust, now: Number.POSITIVE_INFINITY, engine: opensslEngine };
  const held = verifyKept(place, () => countedCosignatures(note, trust.witnesses, rules));
  const organisations = timesByOrganisation(held, trust.witnesses).length;
  if (organisations < trust.witnessQuorum) {
    throw new AttestryError(
      'QUORUM_SHORT',
      `${place} has cosignatures of witnesses of ${organisations} organisations, not of ${trust.witnessQuorum}.`,
    );
  }
}

function verifyKept<T>(place: string, verify: () => T): T {
  try {
    return verify();
  } catch (cause) {
    if (!(cause instanceof AttestryError) || cause.code.startsWith('STORE_')) throw cause;
    throw new AttestryError(cause.code, `${place} is damaged: ${cause.message}`, { cause });
  }
}

/** What `check` gives; undefined and one more problem where it refuses. */
async function attempt<T>(run: Fsck, check: () => T | Promise<T>): Promise<T | undefined> {
  try {
    return await check();
  } catch (error) {
    if (!(error instanceof AttestryError) || error.code === 'STORE_FAILED') throw error;
    run.problems.push({ code: error.code, message: error.message });
    return undefined;
  }
}
