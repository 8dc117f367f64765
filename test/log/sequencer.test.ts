import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { EMPTY_ROOT } from '../../src/core/merkle/hash.ts';
import { parseCheckpoint } from '../../src/core/note/checkpoint.ts';
import type { AdmittedEntry } from '../../src/core/statement/admission.ts';
import { MemoryDisk } from '../../src/store/memory-log-store.ts';
import { eventually } from '../helpers/eventually.ts';
import { type LockDisk, openMemoryHeadLock } from '../helpers/memory-head-lock.ts';
import { NaiveTree, naiveLeafHash } from '../helpers/naive-tree.ts';
import { Gate } from '../helpers/wrapped-store.ts';
import {
  deployment,
  deployments,
  enqueueAll,
  meterOf,
  open,
  place,
  refusalOf,
} from './sequencer-bed.ts';

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
    const first = place(bed.sequencer, deployment(0));
    await eventually(() => expect(gate.arrived).toBe(1));
    const rest = enqueueAll(bed, deployments(100, 1));
    expect(bed.sequencer.queued).toBe(100);
    gate.open();
    expect((await first).index).toBe(0);
    expect((await rest).at(-1)).toBe(100);
    expect(sizes).toEqual([1, 100]);
    expect(bed.notes.map((note) => parseCheckpoint(note).checkpoint.size)).toEqual([1, 101]);
  });

  it('gives those who were told of a busy commit as much time again to come back', async () => {
    vi.useFakeTimers();
    onTestFinished(() => {
      vi.useRealTimers();
    });
    let ms = 0;
    const bed = open({
      change: (store) => ({
        commit: async (commit) => {
          ms += 4;
          await store.commit(commit);
        },
      }),
      options: { clockMs: () => ms },
    });
    const told = enqueueAll(bed, deployments(8));
    await vi.advanceTimersByTimeAsync(0);
    expect(await told).toHaveLength(8);
    const again = [deployment(8), deployment(9)].map((entry) => place(bed.sequencer, entry));
    await vi.advanceTimersByTimeAsync(3);
    expect(bed.notes).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(await Promise.all(again)).toMatchObject([{ index: 8 }, { index: 9 }]);
    expect(bed.notes).toHaveLength(2);
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

  it('tells nobody before batch and lock are written, in this order, and writes the checkpoint then', async () => {
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
        entriesSync: (start, end) => {
          events.push('read back');
          return store.entriesSync(start, end);
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
    const told = place(bed.sequencer, deployment(0)).then(() => events.push('told'));
    await Promise.all([told, eventually(() => expect(events).toContain('checkpoint'))]);
    const order = ['commit', 'read back', 'lock', 'publish'];
    expect(events.filter((event) => order.includes(event))).toEqual(order);
    for (const last of ['told', 'checkpoint'])
      expect(events.indexOf(last)).toBeGreaterThan(events.indexOf('lock'));
  });

  it('writes one commit further while it locks one, tells of neither, and serves neither', async () => {
    const lock: LockDisk = { head: { size: 0, root: EMPTY_ROOT } };
    const headLock = openMemoryHeadLock(lock);
    const gate = new Gate();
    const bed = open({
      lock,
      limits: { batchEntries: 1 },
      options: {
        headLock: {
          ...headLock,
          swap: async (expected, next) => {
            await gate.pass();
            await headLock.swap(expected, next);
          },
        },
      },
    });
    const told: number[] = [];
    const all = deployments(3).map((entry, i) =>
      place(bed.sequencer, entry).then(() => told.push(i)),
    );
    await eventually(() => expect(bed.store.head()?.size).toBe(2));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(gate.arrived).toBe(1);
    expect(bed.store.head()?.size).toBe(2);
    expect(told).toEqual([]);
    expect(bed.sequencer.head.size).toBe(0);
    gate.open();
    await Promise.all(all);
    expect(told).toEqual([0, 1, 2]);
    expect(bed.notes.map((note) => parseCheckpoint(note).checkpoint.size)).toEqual([1, 2, 3]);
  });

  it('keeps each checkpoint with the commit after the next, and the last ones once nothing is to be written', async () => {
    const events: string[] = [];
    const headLock = openMemoryHeadLock({ head: { size: 0, root: EMPTY_ROOT } });
    const bed = open({
      options: {
        headLock: {
          ...headLock,
          swap: async (...heads) => {
            await new Promise((resolve) => setTimeout(resolve, 5));
            await headLock.swap(...heads);
          },
        },
      },
      change: (store) => ({
        commit: async (commit) => {
          const { checkpoints = [], unkept = [] } = commit.before ?? {};
          const sizes = (all: readonly { size: number }[]): string => all.map((x) => x.size).join();
          events.push(`${commit.head.size}: keeps ${sizes(checkpoints)}; names ${sizes(unkept)}`);
          await store.commit(commit);
        },
        putCheckpoint: async (state, size, note) => {
          events.push(`${state} ${size}`);
          await store.putCheckpoint(state, size, note);
        },
      }),
      limits: { batchEntries: 1 },
    });
    await enqueueAll(bed, deployments(4));
    await bed.sequencer.close();
    expect(events).toEqual([
      '1: keeps ; names ',
      '2: keeps ; names 1',
      '3: keeps 1; names 2',
      '4: keeps 2; names 3',
      'committed 3',
      'committed 4',
    ]);
    for (const [index, size] of [1, 2, 3, 4].entries())
      expect((await bed.store.checkpointCovering('committed', index))?.size).toBe(size);
  });

  it('knows the checkpoint of an entry from when it has told of it', async () => {
    const gate = new Gate();
    const bed = open({
      change: (store) => ({
        putCheckpoint: (state, size, note) =>
          gate.pass().then(() => store.putCheckpoint(state, size, note)),
      }),
    });
    await place(bed.sequencer, deployment(0));
    expect(await bed.store.checkpointCovering('committed', 0)).toBeUndefined();
    expect((await bed.sequencer.checkpointCovering(0))?.note).toBe(bed.notes[0]);
    expect(await bed.sequencer.checkpointCovering(1)).toBeUndefined();
    gate.open();
    await bed.sequencer.close();
    expect((await bed.sequencer.checkpointCovering(0))?.note).toBe(bed.notes[0]);
  });

  it('commits what waits when it is closed, and takes nothing more', async () => {
    const gate = new Gate();
    const bed = open({
      change: (store) => ({
        commit: async (commit) => gate.pass().then(() => store.commit(commit)),
      }),
    });
    const waiting = enqueueAll(bed, deployments(10));
    await eventually(() => expect(gate.arrived).toBe(1));
    const closing = bed.sequencer.close().then(() => bed.sequencer.head.size);
    gate.open();
    expect(await closing).toBe(10);
    expect(await waiting).toHaveLength(10);
    const refusal = await refusalOf(place(bed.sequencer, deployment(10)));
    expect(refusal).toMatchObject({ code: 'NODE_STOPPING', details: { retryAfterSeconds: 5 } });
    expect(bed.fatal).toEqual([]);
  });
});

describe('Sequencer given an entry twice', () => {
  it('gives the place that it has', async () => {
    const bed = open();
    await enqueueAll(bed, deployments(3));
    expect(await place(bed.sequencer, deployment(1))).toMatchObject({ index: 1, isNew: false });
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
    const first = place(bed.sequencer, deployment(0));
    await eventually(() => expect(gate.arrived).toBe(1));
    const inCommit = place(bed.sequencer, deployment(0));
    const queued = [deployment(1), deployment(1)].map((entry) => place(bed.sequencer, entry));
    gate.open();
    expect(await first).toMatchObject({ index: 0, isNew: true });
    expect(await inCommit).toMatchObject({ index: 0, isNew: false });
    expect(await Promise.all(queued)).toMatchObject([
      { index: 1, isNew: true },
      { index: 1, isNew: false },
    ]);
    expect(bed.sequencer.head.size).toBe(2);
  });

  it('finds it after a restart', async () => {
    const disk = new MemoryDisk();
    await enqueueAll(open({ disk }), deployments(3));
    expect(await place(open({ disk }).sequencer, deployment(2))).toEqual({
      entryHash: deployment(2).entryHash,
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
    await place(bed.sequencer, zero);
    const { digest } = bed.store.stream('["operator-eu","meter-1"]') ?? { digest: '' };
    expect(await refusalOf(place(bed.sequencer, two))).toMatchObject({
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
      [zero, two, one].map((entry) => place(bed.sequencer, entry)),
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
    expect(await refusalOf(place(again.sequencer, stream[3] as AdmittedEntry))).toMatchObject({
      code: 'STREAM_SEQUENCE_MISMATCH',
      details: { expectedSequence: 2 },
    });
    expect(await enqueueAll(again, stream.slice(2))).toEqual([2, 3]);
  });
});
