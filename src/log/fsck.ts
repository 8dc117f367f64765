/** A full check of a stopped log's database: everything is read and derived anew, nothing is believed. */
import { bytesEqual } from '../core/bytes/equal.ts';
import { canonicalText } from '../core/bytes/json.ts';
import { EMPTY_ROOT } from '../core/merkle/hash.ts';
import { rootFromTiles } from '../core/merkle/tile.ts';
import { verifyCheckpoint } from '../core/note/checkpoint.ts';
import { admitStatement, openEntry } from '../core/statement/admission.ts';
import { advanceStream, type StreamState, streamKey } from '../core/statement/stream.ts';
import type { TrustedLog, TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError, type AttestryErrorCode } from '../errors.ts';
import { verifyInPool } from '../keys/openssl-engine.ts';
import type { HeadLock } from '../store/head-lock.ts';
import type { Head, LogStore } from '../store/log-store.ts';
import { type ScrubStep, scrubEntries, scrubSteps, scrubUpperTiles } from './scrub.ts';
import { leafHashBySystem, tileReader } from './second-path.ts';

export interface FsckOptions {
  readonly store: LogStore;
  readonly headLock: HeadLock;
  readonly trust: TrustRoot;
  /** Which log of the trust root this is. */
  readonly log: TrustedLog;
  /** Unix seconds. */
  readonly now: number;
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
}

/** What holds and what does not. Throws only when the database cannot be read at all. @throws STORE_FAILED */
export async function fsck(options: FsckOptions): Promise<FsckReport> {
  const head = options.store.head() ?? { size: 0, root: EMPTY_ROOT };
  const run: Fsck = { ...options, head, problems: [], streams: new Map() };
  await attempt(run, () => checkHead(run));
  await attempt(run, () => scrubUpperTiles(run.store, head.size));
  // Streams are judged in order, so the oldest first.
  for (const step of [...scrubSteps(head.size)].reverse()) {
    await attempt(run, () => checkStep(run, step));
    run.onProgress?.(step.end, head.size);
  }
  await attempt(run, () => checkStreamTable(run));
  await checkCheckpoint(run, 'committed');
  await checkCheckpoint(run, 'witnessed');
  return {
    origin: run.log.origin,
    size: head.size,
    problems: run.problems,
    checked: [
      `Every one of ${head.size} entries: hash, canonical form, signatures, admission, streams, duplicates, look-up table.`,
      'Every tile of every level, the root, the head lock, the newest committed and witnessed checkpoint.',
    ],
    notChecked: [
      'Whether a witness or a verifier has seen more or something else of this log: that needs the network (attestry audit).',
      'Whether what the statements say is true.',
    ],
  };
}

function checkHead({ store, headLock, head }: Fsck): void {
  if (!bytesEqual(rootFromTiles(head.size, tileReader(store)), head.root)) {
    throw new AttestryError(
      'ROOT_MISMATCH',
      `The tiles do not give the stored root of size ${head.size}.`,
    );
  }
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

async function checkStep(run: Fsck, step: ScrubStep): Promise<void> {
  const entries = await scrubEntries(run.store, step, run.head.size);
  for (const [i, entry] of entries.entries()) await checkEntry(run, step.start + i, entry);
}

async function checkEntry(run: Fsck, index: number, entry: Uint8Array): Promise<void> {
  await attempt(run, async () => {
    const hash = leafHashBySystem(entry);
    const found = run.store.indexOf(hash);
    if (found !== index) {
      const code = found === undefined || found > index ? 'TABLE_MISMATCH' : 'ENTRY_DUPLICATE';
      throw new AttestryError(code, `Entry ${index} is looked up at ${found ?? 'no index'}.`);
    }
    await readmit(run, entry).catch((cause: unknown) => {
      if (!(cause instanceof AttestryError)) throw cause;
      const message = `Entry ${index} must not be in the log: ${cause.code}: ${cause.message}`;
      throw new AttestryError('ENTRY_INADMISSIBLE', message, { cause, details: { index } });
    });
  });
}

async function readmit(run: Fsck, entry: Uint8Array): Promise<void> {
  const opened = openEntry(entry, run.trust);
  for (const { publicKey, message, signature } of opened.claims) {
    if (await verifyInPool(publicKey, message, signature)) continue;
    throw new AttestryError('SIGNATURE_INVALID', 'A signature does not verify.');
  }
  const { statement } = admitStatement(opened, {
    trust: run.trust,
    origin: run.log.origin,
    now: run.now,
  });
  if (statement.kind !== 'usage') return;
  const key = streamKey(statement);
  run.streams.set(key, advanceStream(run.streams.get(key), statement, opened.envelope.payload));
}

async function checkStreamTable({ store, streams }: Fsck): Promise<void> {
  const table = new Map<string, StreamState>();
  for await (const [key, state] of store.streams()) table.set(key, state);
  const wrong = [...new Set([...table.keys(), ...streams.keys()])].find(
    (key) => canonicalText(table.get(key) ?? null) !== canonicalText(streams.get(key) ?? null),
  );
  if (wrong === undefined) return;
  throw new AttestryError(
    'TABLE_MISMATCH',
    `The stored state of stream ${wrong} is not what the entries give.`,
  );
}

async function checkCheckpoint(run: Fsck, state: 'committed' | 'witnessed'): Promise<void> {
  await attempt(run, async () => {
    const kept = await run.store.latestCheckpoint(state);
    if (kept === undefined) return;
    const { size, root } = verifyCheckpoint(kept.note, { vkeys: [run.log.vkey] }).checkpoint;
    if (size <= run.head.size && bytesEqual(rootFromTiles(size, tileReader(run.store)), root))
      return;
    throw new AttestryError(
      'ROOT_MISMATCH',
      `The newest ${state} checkpoint, of size ${size}, does not fit the entries.`,
    );
  });
}

async function attempt(run: Fsck, check: () => void | Promise<void>): Promise<void> {
  try {
    await check();
  } catch (error) {
    if (!(error instanceof AttestryError) || error.code === 'STORE_FAILED') throw error;
    run.problems.push({ code: error.code, message: error.message });
  }
}
