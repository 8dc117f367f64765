/** Every entry of a followed log goes through admission again: the code that the node ran, by someone who is not the node. */
import { concatBytes } from '../core/bytes/equal.ts';
import { encodeHex } from '../core/bytes/hex.ts';
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import { sha256 } from '../core/merkle/hash.ts';
import { type AdmittedEntry, admitStatement, openEntry } from '../core/statement/admission.ts';
import { parseEnvelope } from '../core/statement/envelope.ts';
import { modelsOf } from '../core/statement/statement.ts';
import { advanceStream, type StreamState, streamKey } from '../core/statement/stream.ts';
import type { TrustRoot } from '../core/trust/trust-root.ts';
import { AttestryError, type AttestryErrorCode, refusalOf } from '../errors.ts';
import { type VerifyMany, verifyEach, verifyInPool } from '../keys/openssl-engine.ts';
import { leafHashBySystem } from '../keys/openssl-hash.ts';
import { encodeUint64 } from '../store/level-keys.ts';
import type { LogCommit, LogStore } from '../store/log-store.ts';

export interface ReadmissionRules {
  readonly trust: TrustRoot;
  readonly origin: string;
  /** Unix seconds: no statement of the log can have been made later. */
  readonly now: number;
  /** Checks operators' signatures; libuv's pool unless told. */
  readonly verifyMany?: VerifyMany | undefined;
  /** What was mirrored before these entries. */
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

type Leaf = LogCommit['entries'][number];

/** Judges the entries that follow what is mirrored, in order. Nothing that an entry holds makes it throw. */
export async function readmit(
  leaves: readonly Leaf[],
  from: number,
  rules: ReadmissionRules,
): Promise<Readmission> {
  const verdicts = await admit(leaves, from, rules);
  const round = new Round(rules);
  verdicts.forEach((verdict, i) => {
    round.take(leaves[i] as Leaf, from + i, verdict);
  });
  return round;
}

/** The entries as admission gives them, or with what it refuses each; the streams are judged later, in order. */
async function admit(
  leaves: readonly Leaf[],
  from: number,
  rules: ReadmissionRules,
): Promise<(AdmittedEntry | AttestryError)[]> {
  const { trust, verifyMany = verifyInPool } = rules;
  const opened = leaves.map(({ entry }) =>
    refusalOf(() => openEntry(entry, trust, leafHashBySystem)),
  );
  const claims = opened.map((one) => (one instanceof AttestryError ? [] : one.claims));
  const held = await verifyEach(claims, verifyMany);
  return opened.map((one, i) => {
    if (one instanceof AttestryError) return one;
    if (held[i]) return refusalOf(() => admitStatement(one, { ...rules, index: from + i }));
    return new AttestryError('SIGNATURE_INVALID', 'A signature of the entry does not verify.');
  });
}

class Round implements Readmission {
  readonly entries: Leaf[] = [];
  readonly streams = new Map<string, StreamState>();
  readonly mentions: LogCommit['mentions'][number][] = [];
  readonly refused: RefusedEntry[] = [];
  readonly #rules: ReadmissionRules;
  readonly #indexes = new Map<string, number>();

  constructor(rules: ReadmissionRules) {
    this.#rules = rules;
  }

  take(leaf: Leaf, index: number, verdict: AdmittedEntry | AttestryError): void {
    const hash = encodeHex(leaf.entryHash);
    const first = this.#rules.store.indexOf(leaf.entryHash) ?? this.#indexes.get(hash);
    const problem = first === undefined ? this.#judge(index, verdict) : repeated(first);
    this.#indexes.set(hash, first ?? index);
    // The store finds an entry by one index. A repeated one is kept under a hash that no entry has.
    const entryHash = first === undefined ? leaf.entryHash : repeatKey(leaf.entryHash, index);
    this.entries.push({ entry: leaf.entry, entryHash });
    if (problem === undefined) return;
    const previous = problem.details['expectedPrevious'];
    this.refused.push({
      index,
      code: problem.code,
      message: problem.message,
      models: modelsNamedBy(leaf.entry),
      previous: typeof previous === 'string' ? previous : null,
    });
  }

  #judge(index: number, verdict: AdmittedEntry | AttestryError): AttestryError | undefined {
    if (verdict instanceof AttestryError) return verdict;
    const { statement, envelope } = verdict;
    if (statement.kind === 'usage') {
      const key = streamKey(statement);
      const state = this.streams.get(key) ?? this.#rules.store.stream(key);
      try {
        this.streams.set(key, advanceStream(state, statement, envelope.payload));
      } catch (error) {
        // It moves no stream: what follows is judged by the last statement that was in order.
        if (error instanceof AttestryError) return error;
        throw error;
      }
    }
    const { kind } = statement;
    this.mentions.push(...modelsOf(statement).map((model) => ({ model, index, kind })));
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
