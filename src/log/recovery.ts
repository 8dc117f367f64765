/**
 * Starting a log: the database, the head lock and the witnesses must tell one history before anything is signed. Each
 * refusal is final for this start: continuing from a restored backup or a changed entry would be a fork.
 */
import { bytesEqual } from '../core/bytes/equal.ts';
import { encodeHex } from '../core/bytes/hex.ts';
import { EMPTY_ROOT } from '../core/merkle/hash.ts';
import { rootFromTiles } from '../core/merkle/tile.ts';
import {
  type Checkpoint,
  type CheckpointTrust,
  verifyCheckpoint,
} from '../core/note/checkpoint.ts';
import type { SignatureEngine } from '../core/note/ed25519.ts';
import type { VerifierKey } from '../core/note/vkey.ts';
import { type VerificationRules, verifyWitnessedCheckpoint } from '../core/trust/quorum.ts';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError } from '../errors.ts';
import { opensslEngine } from '../keys/openssl-engine.ts';
import type { HeadLock } from '../store/head-lock.ts';
import type { Head, LogStore, StoredCheckpoint } from '../store/log-store.ts';
import { storeCorrupt } from '../store/store-failure.ts';
import { tileReader } from '../store/tile-reader.ts';
import { scrubEntries, scrubSteps, scrubUpperTiles } from './scrub.ts';
import type { WitnessPort } from './witness-port.ts';

export interface RecoveryOptions extends OwnHistory {
  readonly headLock: HeadLock;
  readonly witnesses: readonly WitnessPort[];
  /** How many of the newest entries are re-hashed before the log starts. */
  readonly scrubbedAtStart: number;
}

/** The head that the log may go on from. @throws HEAD_*, ROOT_MISMATCH, ENTRY_HASH_MISMATCH, TILE_*, WITNESS_AHEAD */
export async function recoverHead(options: RecoveryOptions): Promise<Head> {
  const { store, headLock } = options;
  const stored = store.head() ?? { size: 0, root: EMPTY_ROOT };
  const locked = headLock.read();
  verifyAgainstLock(store, stored, locked);
  verifyRoot(store, stored);
  scrubUpperTiles(store, stored.size);
  // From here on the event loop turns, so that no answer comes too late because it was not looked at.
  const seen = askWitnesses(options);
  await scrubNewest(options, stored.size);
  for (const note of await seen) verifyAgainstSeen(note, stored, options);
  // A crash between commit and lock leaves the database ahead: nobody was told, so it is taken up now.
  if (locked === undefined || locked.size < stored.size) await headLock.swap(locked, stored);
  return stored;
}

function verifyAgainstLock(store: LogStore, stored: Head, locked: Head | undefined): void {
  if (locked === undefined) {
    if (stored.size === 0) return;
    throw new AttestryError(
      'HEAD_MALFORMED',
      `The database holds ${stored.size} entries but the head lock is gone. Restore the lock; without it a rollback could not be seen.`,
    );
  }
  if (stored.size < locked.size) {
    throw new AttestryError(
      'HEAD_ROLLBACK',
      `The database holds ${stored.size} entries, the head lock says ${locked.size}: a backup was restored or data was lost. This log must not sign again; retire it.`,
      { details: { stored: stored.size, locked: locked.size } },
    );
  }
  if (!bytesEqual(rootFromTiles(locked.size, tileReader(store)), locked.root)) {
    throw new AttestryError(
      'HEAD_FORK',
      `The first ${locked.size} entries of the database do not have the root ${encodeHex(locked.root)} that the head lock holds.`,
      { details: { locked: locked.size } },
    );
  }
}

async function scrubNewest(
  { store, scrubbedAtStart }: RecoveryOptions,
  size: number,
): Promise<void> {
  for (const step of scrubSteps(size)) {
    if (step.end <= size - scrubbedAtStart) break;
    await scrubEntries(store, step, size);
  }
}

/** The head, if the tiles give its root. @throws ROOT_MISMATCH, TILE_* */
export function verifyRoot(store: LogStore, head: Head): Head {
  const { size, root } = head;
  if (bytesEqual(rootFromTiles(size, tileReader(store)), root)) return head;
  throw new AttestryError(
    'ROOT_MISMATCH',
    `The tiles do not give the root ${encodeHex(root)} of size ${size}.`,
  );
}

/** Every witness at once: the note that it has cosigned last. One that does not answer in its time has no say. */
async function askWitnesses({ witnesses, vkey }: RecoveryOptions): Promise<string[]> {
  const answers = await Promise.allSettled(
    witnesses.map((witness) => witness.latestSeen(vkey.name)),
  );
  return answers.flatMap((answer) =>
    answer.status === 'fulfilled' && answer.value !== undefined ? [answer.value] : [],
  );
}

export interface PublishedOptions extends OwnHistory {
  readonly trust: TrustRoot;
  /** Unix seconds. */
  readonly now: () => number;
}

/**
 * The checkpoint that was published last, if the database still has it as it was and its cosignatures still make the
 * quorum. @throws STORE_CORRUPT
 */
export async function recoverPublished(
  { store, vkey, trust, now, engine = opensslEngine }: PublishedOptions,
  head: Head,
): Promise<StoredCheckpoint | undefined> {
  const kept = await store.latestCheckpoint('witnessed');
  if (kept === undefined) return undefined;
  const isWitnessed = hasQuorum(kept, { trust, now: now(), engine });
  const { size, root } = openKept(kept, { vkeys: [vkey], engine });
  const fits = size === kept.size && size <= head.size;
  if (fits && bytesEqual(rootFromTiles(size, tileReader(store)), root)) {
    return isWitnessed ? kept : undefined;
  }
  throw storeCorrupt(`The published checkpoint of size ${kept.size} does not fit the entries`);
}

/** Under a trust root that has changed since, it may lack the quorum; a wrong cosignature was never kept. */
function hasQuorum({ size, note }: StoredCheckpoint, rules: VerificationRules): boolean {
  try {
    verifyWitnessedCheckpoint(note, rules);
    return true;
  } catch (cause) {
    if (!(cause instanceof AttestryError)) throw cause;
    if (cause.code === 'QUORUM_SHORT') return false;
    throw storeCorrupt(`The published checkpoint of size ${size} is not as it was kept`, cause);
  }
}

function openKept({ size, note }: StoredCheckpoint, trust: CheckpointTrust): Checkpoint {
  try {
    return verifyCheckpoint(note, trust).checkpoint;
  } catch (cause) {
    if (!(cause instanceof AttestryError)) throw cause;
    throw storeCorrupt(`The published checkpoint of size ${size} is not as it was kept`, cause);
  }
}

export interface OwnHistory {
  readonly store: LogStore;
  readonly vkey: VerifierKey;
  /** Checks signatures on notes; OpenSSL unless told. */
  readonly engine?: SignatureEngine | undefined;
}

/**
 * Compares a checkpoint that someone else holds with our own history. It counts only if our own key signed it: a witness
 * alone cannot stop a log. @throws WITNESS_AHEAD, HEAD_FORK
 */
export function verifyAgainstSeen(note: string, head: Head, own: OwnHistory): void {
  const { store, vkey, engine = opensslEngine } = own;
  let seen: Head;
  try {
    seen = verifyCheckpoint(note, { vkeys: [vkey], engine }).checkpoint;
  } catch (error) {
    if (error instanceof AttestryError) return;
    throw error;
  }
  if (seen.size > head.size) {
    throw new AttestryError(
      'WITNESS_AHEAD',
      `A witness holds a checkpoint of size ${seen.size} signed by this log's key; the database has ${head.size} entries. A backup was restored, or the key is in use elsewhere.`,
      { details: { seen: seen.size, size: head.size } },
    );
  }
  if (!bytesEqual(rootFromTiles(seen.size, tileReader(store)), seen.root)) {
    throw new AttestryError(
      'HEAD_FORK',
      `A witness holds a checkpoint of size ${seen.size} signed by this log's key that this database contradicts.`,
      { details: { seen: seen.size } },
    );
  }
}
