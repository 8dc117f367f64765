/** A sequencer on a disk in memory, and entries for it. */
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { Frontier, frontierAt } from '../../src/core/merkle/frontier.ts';
import { EMPTY_ROOT, leafHash } from '../../src/core/merkle/hash.ts';
import { tileNodeReader } from '../../src/core/merkle/tile.ts';
import type { AdmittedEntry } from '../../src/core/statement/admission.ts';
import { formatStatement, type Statement } from '../../src/core/statement/statement.ts';
import { AttestryError } from '../../src/errors.ts';
import { DEFAULT_LOG_LIMITS, type LogLimits } from '../../src/log/limits.ts';
import { type Placement, Sequencer, type SequencerOptions } from '../../src/log/sequencer.ts';
import type { LogStore } from '../../src/store/log-store.ts';
import { MemoryDisk, openMemoryLogStore } from '../../src/store/memory-log-store.ts';
import { tileReader } from '../../src/store/tile-reader.ts';
import { makeNetwork } from '../helpers/fixtures.ts';
import { type LockDisk, openMemoryHeadLock } from '../helpers/memory-head-lock.ts';
import { sampleStatement, sampleStream } from '../helpers/statements.ts';
import { wrapStore } from '../helpers/wrapped-store.ts';

const { signer } = makeNetwork({ regions: ['eu'] }).logs[0] as {
  signer: SequencerOptions['signer'];
};

/** An entry as admission hands it on; the sequencer does not look at signatures. */
function admittedOf(statement: Statement): AdmittedEntry {
  const payload = formatStatement(statement);
  const entry = encodeUtf8(`envelope of ${encodeHex(payload)}`);
  const envelope = { payload, message: payload, signatures: [], entry };
  return { entry, entryHash: leafHash(entry), envelope, statement };
}

export function deployment(index: number): AdmittedEntry {
  const predicate = { deploymentId: `deployment-${index}` };
  return admittedOf(sampleStatement('deployment', { predicate }) as Statement);
}

export function deployments(count: number, from = 0): AdmittedEntry[] {
  return Array.from({ length: count }, (_, i) => deployment(from + i));
}

export function meterOf(count: number, meter = 'meter-1'): AdmittedEntry[] {
  return sampleStream(count, { meter }).map((statement) => admittedOf(statement));
}

export interface Bed {
  readonly sequencer: Sequencer;
  readonly store: LogStore;
  readonly lock: LockDisk;
  readonly notes: string[];
  readonly fatal: unknown[];
}

export interface BedOptions {
  readonly disk?: MemoryDisk;
  readonly lock?: LockDisk;
  readonly limits?: Partial<LogLimits>;
  readonly change?: (store: LogStore) => Partial<LogStore>;
  readonly options?: Partial<SequencerOptions>;
}

export function open(bed: BedOptions = {}): Bed {
  const { disk = new MemoryDisk(), lock = { head: undefined }, change = () => ({}) } = bed;
  disk.held = false;
  const inner = openMemoryLogStore(disk);
  const store = wrapStore(inner, change(inner));
  const head = inner.head() ?? { size: 0, root: EMPTY_ROOT };
  lock.head ??= head;
  const notes: string[] = [];
  const fatal: unknown[] = [];
  const frontier =
    head.size === 0 ? new Frontier() : frontierAt(head.size, tileNodeReader(tileReader(inner)));
  const sequencer = new Sequencer({
    store,
    headLock: openMemoryHeadLock(lock),
    signer,
    limits: { ...DEFAULT_LOG_LIMITS, ...bed.limits },
    head,
    frontier,
    clockMs: () => performance.now(),
    onCheckpoint: (_size, note) => notes.push(note),
    onFatal: (error) => fatal.push(error),
    ...bed.options,
  });
  return { sequencer, store, lock, notes, fatal };
}

/** All of them at once; their indexes. @throws the first refusal */
export async function enqueueAll(
  { sequencer }: Pick<Bed, 'sequencer'>,
  entries: readonly AdmittedEntry[],
): Promise<number[]> {
  const placed = await sequencer.enqueue(entries);
  return placed.map((one) => accepted(one).index);
}

/** One alone. @throws its refusal */
export async function place(sequencer: Sequencer, entry: AdmittedEntry): Promise<Placement> {
  const [placed] = await sequencer.enqueue([entry]);
  return accepted(placed);
}

function accepted(placed: Placement | AttestryError | undefined): Placement {
  if (placed === undefined) throw new RangeError('Expected a result for the entry.');
  if (placed instanceof AttestryError) throw placed;
  return placed;
}

export async function refusalOf(action: Promise<unknown>): Promise<AttestryError> {
  const error = await action.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof AttestryError) return error;
  throw new Error(`expected a refusal, got ${error}`);
}
