/** Every entry of a followed log goes through admission again: the code that the node ran, by someone who is not the node. */
import { concatBytes } from '../core/bytes/equal.ts';
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import { sha256 } from '../core/merkle/hash.ts';
import { admitStatement, type OpenedEntry, openEntry } from '../core/statement/admission.ts';
import { parseEnvelope } from '../core/statement/envelope.ts';
import {
  type Kind,
  modelsOf,
  type Statement,
  type StatementOf,
} from '../core/statement/statement.ts';
import { advanceStream, type StreamState, streamKey } from '../core/statement/stream.ts';
import { leavesOf, leavesOfStatement } from '../core/tally/leaves.ts';
import type { TallyLeaf } from '../core/tally/node.ts';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError, type AttestryErrorCode, refusalOf } from '../errors.ts';
import { type VerifyMany, verifyEach, verifyInPool } from '../keys/openssl-engine.ts';
import { leafHashBySystem } from '../keys/openssl-hash.ts';
import { encodeUint64 } from '../store/level-keys.ts';
import type { LogCommit, LogStore } from '../store/log-store.ts';
import { textOf } from '../store/store-rules.ts';

/** Where entries stand, and when they are judged. */
export interface EntriesPlace {
  readonly origin: string;
  /** Index of the first. */
  readonly from: number;
  /** Unix seconds: no statement of the log can have been made later. */
  readonly now: number;
}

export interface ReadmissionRules extends EntriesPlace {
  readonly trust: TrustRoot;
  /** Checks operators' signatures; libuv's pool unless told. */
  readonly verifyMany?: VerifyMany | undefined;
}

/** Gives what `judgeEntries` gives under one trust root, perhaps in another thread. */
export type JudgeEntries = (
  entries: readonly Uint8Array[],
  place: EntriesPlace,
) => Promise<readonly JudgedEntry[]>;

type Leaf = LogCommit['entries'][number];

/** What is kept of an entry until it is mirrored: its statement need not live as long. */
export interface JudgedEntry extends Leaf {
  readonly verdict: Verdict | AttestryError;
  /** In the log's tally, whatever admission says of it. */
  readonly tallyLeaves: readonly TallyLeaf[];
}

/** Of an entry that may stand in the log, as far as it alone can tell. */
export interface Verdict {
  readonly kind: Kind;
  readonly models: readonly string[];
  /** Whose stream has to continue with it. */
  readonly usage:
    | { readonly statement: StatementOf<'usage'>; readonly payload: Uint8Array }
    | undefined;
}

/** What these entries follow. */
export interface Mirrored {
  /** Index of the first. */
  readonly from: number;
  /** What was mirrored before them, and nothing else. */
  readonly store: LogStore;
}

/** An entry that stands in the log although admission refuses it. */
export interface RefusedEntry {
  readonly index: number;
  readonly code: AttestryErrorCode;
  readonly message: string;
  /** Hex SHA-256 of the models that it names, as far as it can be read. */
  readonly models: readonly string[];
  /** Hex SHA-256 of the payload of the stream's statement before, where the stream is broken; null for none. */
  readonly previous: string | null;
}

/** What mirroring the entries writes, and which of them are only mirrored. */
export interface Readmission extends Pick<LogCommit, 'entries' | 'streams' | 'mentions'> {
  readonly refused: readonly RefusedEntry[];
}

/**
 * Each entry by itself; how it follows the others is for `readmit` to judge, in order. Nothing that an entry holds makes it
 * throw.
 */
export async function judgeEntries(
  entries: readonly Uint8Array[],
  rules: ReadmissionRules,
): Promise<readonly JudgedEntry[]> {
  const { trust, from, verifyMany = verifyInPool } = rules;
  const leaves = entries.map((entry) => ({ entry, entryHash: leafHashBySystem(entry) }));
  const opened = leaves.map(({ entry, entryHash }) =>
    refusalOf(() => openEntry(entry, trust, () => entryHash)),
  );
  const claims = opened.map((one) => (one instanceof AttestryError ? [] : one.claims));
  const held = await verifyEach(claims, verifyMany);
  return opened.map((one, i) => {
    const leaf = leaves[i] as Leaf;
    if (one instanceof AttestryError) return refusedLeaf(leaf, from + i, one);
    if (held[i]) return judgeOpened(leaf, one, { ...rules, index: from + i });
    const invalid = new AttestryError(
      'SIGNATURE_INVALID',
      'A signature of the entry does not verify.',
    );
    return refusedLeaf(leaf, from + i, invalid);
  });
}

function judgeOpened(
  { entry, entryHash }: Leaf,
  opened: OpenedEntry,
  rules: ReadmissionRules & { readonly index: number },
): JudgedEntry {
  const admitted = refusalOf(() => admitStatement(opened, rules));
  if (admitted instanceof AttestryError)
    return refusedLeaf({ entry, entryHash }, rules.index, admitted);
  const { statement, envelope } = admitted;
  return {
    entry,
    entryHash,
    verdict: verdictOn(statement, envelope.payload),
    tallyLeaves: leavesOfStatement(statement, rules.index, entryHash),
  };
}

function verdictOn(statement: Statement, payload: Uint8Array): Verdict {
  const usage = statement.kind === 'usage' ? { statement, payload } : undefined;
  return { kind: statement.kind, models: modelsOf(statement), usage };
}

// The tally counts whatever is a statement, so that it is a function of the log's entries alone.
function refusedLeaf(
  { entry, entryHash }: Leaf,
  index: number,
  verdict: AttestryError,
): JudgedEntry {
  return { entry, entryHash, verdict, tallyLeaves: leavesOf(entry, index, () => entryHash) };
}

/** The judged entries as they follow what is mirrored. */
export function readmit(judged: readonly JudgedEntry[], { from, store }: Mirrored): Readmission {
  const round = new Round(store);
  for (const [i, entry] of judged.entries()) round.take(entry, from + i);
  return round;
}

class Round implements Readmission {
  readonly entries: Leaf[] = [];
  readonly streams = new Map<string, StreamState>();
  readonly mentions: LogCommit['mentions'][number][] = [];
  readonly refused: RefusedEntry[] = [];
  readonly #store: LogStore;
  readonly #indexes = new Map<string, number>();

  constructor(store: LogStore) {
    this.#store = store;
  }

  take({ entry, entryHash, verdict }: JudgedEntry, index: number): void {
    const name = textOf(entryHash);
    const first = this.#store.indexOf(entryHash) ?? this.#indexes.get(name);
    const problem = first === undefined ? this.#judge(index, verdict) : repeated(first);
    this.#indexes.set(name, first ?? index);
    // The store finds an entry by one index. A repeated one is kept under a hash that no entry has.
    const key = first === undefined ? entryHash : repeatKey(entryHash, index);
    this.entries.push({ entry, entryHash: key });
    if (problem === undefined) return;
    const previous = problem.details['expectedPrevious'];
    this.refused.push({
      index,
      code: problem.code,
      message: problem.message,
      models: modelsNamedBy(entry),
      previous: typeof previous === 'string' ? previous : null,
    });
  }

  #judge(index: number, verdict: JudgedEntry['verdict']): AttestryError | undefined {
    if (verdict instanceof AttestryError) return verdict;
    const { kind, models, usage } = verdict;
    if (usage !== undefined) {
      const key = streamKey(usage.statement);
      const state = this.streams.get(key) ?? this.#store.stream(key);
      try {
        this.streams.set(key, advanceStream(state, usage.statement, usage.payload));
      } catch (error) {
        // It moves no stream: what follows is judged by the last statement that was in order.
        if (error instanceof AttestryError) return error;
        throw error;
      }
    }
    for (const model of models) this.mentions.push({ model, index, kind });
    return undefined;
  }
}

function repeated(first: number): AttestryError {
  return new AttestryError('ENTRY_DUPLICATE', `The entry stands at index ${first} already.`);
}

function repeatKey(entryHash: Uint8Array, index: number): Uint8Array {
  return sha256(concatBytes(entryHash, encodeUint64(index)));
}

const MODEL = /^[0-9a-f]{64}$/;
const MOST_MODELS = 64;

/** The models that an entry claims to be about, even where it is not in order otherwise. */
export function modelsNamedBy(entry: Uint8Array): readonly string[] {
  try {
    const statement: unknown = JSON.parse(decodeUtf8(parseEnvelope(entry).payload));
    const subjects = memberOf(statement, 'subject');
    if (!Array.isArray(subjects)) return [];
    const digests = subjects
      .slice(0, MOST_MODELS)
      .map((subject: unknown) => memberOf(memberOf(subject, 'digest'), 'sha256'));
    const models = digests.filter((digest) => typeof digest === 'string' && MODEL.test(digest));
    return [...new Set(models)] as string[];
  } catch (error) {
    if (error instanceof AttestryError || error instanceof SyntaxError) return [];
    throw error;
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
