import { describe, expect, it, vi } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { Frontier, frontierAt } from '../../src/core/merkle/frontier.ts';
import { EMPTY_ROOT, leafHash } from '../../src/core/merkle/hash.ts';
import { tileNodeReader } from '../../src/core/merkle/tile.ts';
import { parseCheckpoint } from '../../src/core/note/checkpoint.ts';
import type { AdmittedEntry } from '../../src/core/statement/admission.ts';
import { formatStatement, type Statement } from '../../src/core/statement/statement.ts';
import { AttestryError } from '../../src/errors.ts';
import { DEFAULT_LOG_LIMITS, type LogLimits } from '../../src/log/limits.ts';
import { tileReader } from '../../src/log/second-path.ts';
import { Sequencer, type SequencerOptions } from '../../src/log/sequencer.ts';
import type { LogStore } from '../../src/store/log-store.ts';
import { MemoryDisk, openMemoryLogStore } from '../../src/store/memory-log-store.ts';
import { makeNetwork } from '../helpers/fixtures.ts';
import { type LockDisk, openMemoryHeadLock } from '../helpers/memory-head-lock.ts';
import { NaiveTree, naiveLeafHash } from '../helpers/naive-tree.ts';
import { sampleStatement, sampleStream } from '../helpers/statements.ts';
import { Gate, wrapStore } from '../helpers/wrapped-store.ts';

const { signer } = makeNetwork({ regions: ['eu'] }).logs[0] as {
  signer: SequencerOptions['signer'];
};

/** An entry as admission hands it on; the sequencer does not look at signatures. */
function admittedOf(statement: Statement): AdmittedEntry {
  const payload = formatStatement(statement);
  const entry = encodeUtf8(`envelope of ${encodeHex(payload)}`);
  const envelope = { payload, signatures: [], entry };
  return { entry, entryHash: leafHash(entry), envelope, statement };
}

function deployment(index: number): AdmittedEntry {
  const predicate = { deploymentId: `deployment-${index}` };
  return admittedOf(sampleStatement('deployment', { predicate }) as Statement);
}

function deployments(count: number, from = 0): AdmittedEntry[] {
  return Array.from({ length: count }, (_, i) => deployment(from + i));
}

function meterOf(count: number, meter = 'meter-1'): AdmittedEntry[] {
  return sampleStream(count, { meter }).map((statement) => admittedOf(statement));
}

interface Bed {
  readonly sequencer: Sequencer;
  readonly store: LogStore;
  readonly lock: LockDisk;
  readonly notes: string[];
  readonly fatal: unknown[];
}

interface BedOptions {
  readonly disk?: MemoryDisk;
  readonly lock?: LockDisk;
  readonly limits?: Partial<LogLimits>;
  readonly change?: (store: LogStore) => Partial<LogStore>;
  readonly options?: Partial<SequencerOptions>;
}

function open(bed: BedOptions = {}): Bed {
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
    onCheckpoint: (_size, note) => notes.push(note),
    onFatal: (error) => fatal.push(error),
    ...bed.options,
  });
  return { sequencer, store, lock, notes, fatal };
}

async function enqueueAll(
  { sequencer }: Pick<Bed, 'sequencer'>,
  entries: readonly AdmittedEntry[],
): Promise<number[]> {
  const placed = await Promise.all(entries.map((entry) => sequencer.enqueue(entry)));
  return placed.map(({ index }) => index);
}

async function refusalOf(action: Promise<unknown>): Promise<AttestryError> {
  const error = await action.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  if (error instanceof AttestryError) return error;
  throw new Error(`expected a refusal, got ${error}`);
}

describe('Sequencer', () => {
  it('gives entries their places in the order in which they came', async () => {
    const bed = open();
    expect(await enqueueAll(bed, deployments(5))).toEqual([0, 1, 2, 3, 4]);
    expect(await enqueueAll(bed, deployments(5, 5))).toEqual([5, 6, 7, 8, 9]);
    expect(bed.store.entry(7)).toEqual(deployment(7).entry);
    expect(bed.sequencer.head.size).toBe(10);
    expect(bed.lock.head).toEqual(bed.sequencer.head);
  });

  it('commits what gathers while a batch is under way as one batch', async () => {
    const gate = new Gate();
    const sizes: number[] = [];
    const bed = open({
      change: (store) => ({
        commit: async (commit) => {
          sizes.push(commit.entries.length);
          await gate.pass();
          await store.commit(commit);
        },
      }),
    });
    const first = bed.sequencer.enqueue(deployment(0));
    await vi.waitFor(() => expect(gate.arrived).toBe(1));
    const rest = enqueueAll(bed, deployments(100, 1));
    expect(bed.sequencer.queued).toBe(100);
    gate.open();
    expect((await first).index).toBe(0);
    expect((await rest).at(-1)).toBe(100);
    expect(sizes).toEqual([1, 100]);
    expect(bed.notes.map((note) => parseCheckpoint(note).checkpoint.size)).toEqual([1, 101]);
  });

  it('commits no more than the limit at once', async () => {
    const bed = open({ limits: { batchEntries: 100 } });
    await enqueueAll(bed, deployments(250));
    expect(bed.notes.map((note) => parseCheckpoint(note).checkpoint.size)).toEqual([100, 200, 250]);
  });

  it('signs the root that RFC 6962 gives, batch by batch, over the ends of tiles', async () => {
    const bed = open();
    const entries = deployments(700);
    for (const [from, to] of [
      [0, 1],
      [1, 255],
      [255, 257],
      [257, 512],
      [512, 700],
    ] as const) {
      await enqueueAll(bed, entries.slice(from, to));
    }
    const tree = new NaiveTree(entries.map(({ entry }) => naiveLeafHash(entry)));
    for (const note of bed.notes) {
      const { size, root } = parseCheckpoint(note).checkpoint;
      expect(encodeHex(root), `size ${size}`).toBe(encodeHex(tree.root(size)));
    }
    expect(bed.notes).toHaveLength(5);
  });

  it('tells nobody before batch, lock and checkpoint are written, in this order', async () => {
    const events: string[] = [];
    const lock: LockDisk = { head: { size: 0, root: EMPTY_ROOT } };
    const headLock = openMemoryHeadLock(lock);
    const bed = open({
      lock,
      change: (store) => ({
        commit: async (commit) => {
          await store.commit(commit);
          events.push('commit');
        },
        entries: async (start, end) => {
          events.push('read back');
          return await store.entries(start, end);
        },
        putCheckpoint: async (state, size, note) => {
          await store.putCheckpoint(state, size, note);
          events.push('checkpoint');
        },
      }),
      options: {
        headLock: {
          ...headLock,
          swap: async (expected, next) => {
            await headLock.swap(expected, next);
            events.push('lock');
          },
        },
        onCheckpoint: () => events.push('publish'),
      },
    });
    await bed.sequencer.enqueue(deployment(0)).then(() => events.push('told'));
    expect(events.filter((event) => event !== 'told')).toEqual([
      'commit',
      'read back',
      'lock',
      'checkpoint',
      'publish',
    ]);
    expect(events.indexOf('told')).toBeGreaterThan(events.indexOf('checkpoint'));
  });

  it('commits what waits when it is closed, and takes nothing more', async () => {
    const bed = open();
    const waiting = enqueueAll(bed, deployments(10));
    await bed.sequencer.close();
    expect(await waiting).toHaveLength(10);
    const refusal = await refusalOf(bed.sequencer.enqueue(deployment(10)));
    expect(refusal).toMatchObject({ code: 'NODE_STOPPING', details: { retryAfterSeconds: 5 } });
    expect(bed.fatal).toEqual([]);
  });
});

describe('Sequencer given an entry twice', () => {
  it('gives the place that it has', async () => {
    const bed = open();
    await enqueueAll(bed, deployments(3));
    expect(await bed.sequencer.enqueue(deployment(1))).toEqual({ index: 1, isNew: false });
    expect(bed.sequencer.head.size).toBe(3);
    expect(bed.notes).toHaveLength(1);
  });

  it('gives the place that it will have while it is on its way', async () => {
    const gate = new Gate();
    const bed = open({
      change: (store) => ({
        commit: async (commit) => {
          await store.commit(commit);
          await gate.pass();
        },
      }),
    });
    const first = bed.sequencer.enqueue(deployment(0));
    await vi.waitFor(() => expect(gate.arrived).toBe(1));
    const inCommit = bed.sequencer.enqueue(deployment(0));
    const queued = [deployment(1), deployment(1)].map((entry) => bed.sequencer.enqueue(entry));
    gate.open();
    expect(await first).toEqual({ index: 0, isNew: true });
    expect(await inCommit).toEqual({ index: 0, isNew: false });
    expect(await Promise.all(queued)).toEqual([
      { index: 1, isNew: true },
      { index: 1, isNew: false },
    ]);
    expect(bed.sequencer.head.size).toBe(2);
  });

  it('finds it after a restart', async () => {
    const disk = new MemoryDisk();
    await enqueueAll(open({ disk }), deployments(3));
    expect(await open({ disk }).sequencer.enqueue(deployment(2))).toEqual({
      index: 2,
      isNew: false,
    });
  });
});

describe('Sequencer with meters', () => {
  it('takes a whole stream in one batch', async () => {
    const bed = open();
    expect(await enqueueAll(bed, meterOf(6))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(bed.notes).toHaveLength(1);
  });

  it('keeps streams of different meters apart', async () => {
    const bed = open();
    const [a, b] = [meterOf(2, 'a'), meterOf(2, 'b')];
    await enqueueAll(bed, [a[0], b[0], b[1], a[1]] as AdmittedEntry[]);
    expect(bed.sequencer.head.size).toBe(4);
  });

  it('refuses a gap with what it expects, and takes the missing statement then', async () => {
    const bed = open();
    const [zero, one, two] = meterOf(3) as [AdmittedEntry, AdmittedEntry, AdmittedEntry];
    await bed.sequencer.enqueue(zero);
    const { digest } = bed.store.stream('["operator-eu","meter-1"]') ?? { digest: '' };
    expect(await refusalOf(bed.sequencer.enqueue(two))).toMatchObject({
      code: 'STREAM_SEQUENCE_MISMATCH',
      details: { expectedSequence: 1, expectedPrevious: digest },
    });
    expect(bed.sequencer.head.size).toBe(1);
    expect(await enqueueAll(bed, [one, two])).toEqual([1, 2]);
  });

  it('judges a statement by those before it that are still on their way', async () => {
    const bed = open();
    const [zero, one, two] = meterOf(3) as [AdmittedEntry, AdmittedEntry, AdmittedEntry];
    const [first, gap, second] = await Promise.allSettled(
      [zero, two, one].map((entry) => bed.sequencer.enqueue(entry)),
    );
    expect(first?.status).toBe('fulfilled');
    expect(gap).toMatchObject({ reason: { code: 'STREAM_SEQUENCE_MISMATCH' } });
    expect(second).toMatchObject({ value: { index: 1 } });
  });

  it('goes on with a stream after a restart', async () => {
    const disk = new MemoryDisk();
    const stream = meterOf(4);
    await enqueueAll(open({ disk }), stream.slice(0, 2));
    const again = open({ disk });
    expect(await refusalOf(again.sequencer.enqueue(stream[3] as AdmittedEntry))).toMatchObject({
      code: 'STREAM_SEQUENCE_MISMATCH',
      details: { expectedSequence: 2 },
    });
    expect(await enqueueAll(again, stream.slice(2))).toEqual([2, 3]);
  });
});

describe('Sequencer under more load than it takes', () => {
  const gated = (limits: Partial<LogLimits>): { bed: Bed; gate: Gate } => {
    const gate = new Gate();
    const change = (store: LogStore): Partial<LogStore> => ({
      commit: async (commit) => {
        await gate.pass();
        await store.commit(commit);
      },
    });
    return { bed: open({ limits, change }), gate };
  };

  it('refuses what exceeds the queue, and everything that it promised is there', async () => {
    const { bed, gate } = gated({ queuedEntries: 3 });
    const first = bed.sequencer.enqueue(deployment(0));
    await vi.waitFor(() => expect(gate.arrived).toBe(1));
    const results = Promise.allSettled(
      deployments(5, 1).map((entry) => bed.sequencer.enqueue(entry)),
    );
    gate.open();
    await first;
    expect((await results).map((result) => result.status === 'fulfilled')).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    expect((await results)[4]).toMatchObject({
      reason: { code: 'QUEUE_FULL', details: { retryAfterSeconds: 1 } },
    });
    expect(bed.sequencer.head.size).toBe(4);
    expect(bed.store.indexOf(deployment(4).entryHash)).toBeUndefined();
    expect(await enqueueAll(bed, deployments(2, 4))).toEqual([4, 5]);
  });

  it('counts bytes, those of the batch under way too', async () => {
    const bytes = deployment(0).entry.length;
    const { bed, gate } = gated({ queuedBytes: 3 * bytes });
    const taken = enqueueAll(bed, deployments(3));
    await vi.waitFor(() => expect(gate.arrived).toBe(1));
    expect(await refusalOf(bed.sequencer.enqueue(deployment(3)))).toMatchObject({
      code: 'QUEUE_FULL',
    });
    gate.open();
    await taken;
    expect(await enqueueAll(bed, deployments(3, 3))).toEqual([3, 4, 5]);
  });

  it('leaves a stream where it was when it refuses its next statement', async () => {
    const { bed, gate } = gated({ queuedEntries: 1 });
    const [zero, one] = meterOf(2) as [AdmittedEntry, AdmittedEntry];
    const first = bed.sequencer.enqueue(deployment(0));
    await vi.waitFor(() => expect(gate.arrived).toBe(1));
    const second = bed.sequencer.enqueue(zero);
    expect(await refusalOf(bed.sequencer.enqueue(one))).toMatchObject({ code: 'QUEUE_FULL' });
    gate.open();
    await Promise.all([first, second]);
    expect(await bed.sequencer.enqueue(one)).toEqual({ index: 2, isNew: true });
  });
});

describe('Sequencer with a failing disk', () => {
  const EIO = new AttestryError('STORE_FAILED', 'EIO');
  const fail = async (): Promise<never> => {
    throw EIO;
  };
  const places: readonly (readonly [string, (store: LogStore) => Partial<LogStore>])[] = [
    ['before the batch is written', () => ({ commit: fail })],
    [
      'after the batch is written',
      (store) => ({ commit: async (c) => store.commit(c).then(fail) }),
    ],
    ['when it is read back', () => ({ entries: fail })],
    ['when the checkpoint is kept', () => ({ putCheckpoint: fail })],
  ];

  it.each(places)('rejects everything that waits and stops: %s', async (_, change) => {
    const bed = open({ change, limits: { batchEntries: 2 } });
    const twice = deployment(0);
    const results = await Promise.allSettled(
      [...deployments(5), twice].map((entry) => bed.sequencer.enqueue(entry)),
    );
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STORE_FAILED' } });
    }
    expect(bed.fatal).toEqual([EIO]);
    expect(bed.notes).toEqual([]);
    expect(bed.sequencer.queued).toBe(0);
    expect(await refusalOf(bed.sequencer.enqueue(deployment(9)))).toMatchObject({
      code: 'STORE_FAILED',
    });
    await bed.sequencer.close();
    expect(bed.fatal).toHaveLength(1);
  });

  it('signs nothing when the lock is not its own', async () => {
    const lock: LockDisk = { head: { size: 0, root: EMPTY_ROOT } };
    const bed = open({ lock });
    lock.head = { size: 1, root: leafHash(encodeUtf8('of another process')) };
    expect(await refusalOf(bed.sequencer.enqueue(deployment(0)))).toMatchObject({
      code: 'STORE_FAILED',
      cause: { code: 'HEAD_CONFLICT' },
    });
    expect(bed.fatal).toMatchObject([{ code: 'HEAD_CONFLICT' }]);
    expect(await bed.store.latestCheckpoint('committed')).toBeUndefined();
  });

  it('leaves an unanswered entry there once or not at all', async () => {
    for (const [, change] of places) {
      const disk = new MemoryDisk();
      await Promise.allSettled([open({ disk, change }).sequencer.enqueue(deployment(0))]);
      const again = open({ disk });
      expect((await again.sequencer.enqueue(deployment(0))).index).toBe(0);
      expect(again.sequencer.head.size).toBe(1);
    }
  });
});
