import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { EMPTY_ROOT, leafHash } from '../../src/core/merkle/hash.ts';
import type { AdmittedEntry } from '../../src/core/statement/admission.ts';
import { AttestryError } from '../../src/errors.ts';
import type { LogLimits } from '../../src/log/limits.ts';
import type { LogStore } from '../../src/store/log-store.ts';
import { MemoryDisk } from '../../src/store/memory-log-store.ts';
import { eventually } from '../helpers/eventually.ts';
import type { LockDisk } from '../helpers/memory-head-lock.ts';
import { Gate } from '../helpers/wrapped-store.ts';
import {
  type Bed,
  deployment,
  deployments,
  enqueueAll,
  meterOf,
  open,
  place,
  refusalOf,
} from './sequencer-bed.ts';

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
    const first = place(bed.sequencer, deployment(0));
    await eventually(() => expect(gate.arrived).toBe(1));
    const results = Promise.allSettled(
      deployments(5, 1).map((entry) => place(bed.sequencer, entry)),
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
    await eventually(() => expect(gate.arrived).toBe(1));
    expect(await refusalOf(place(bed.sequencer, deployment(3)))).toMatchObject({
      code: 'QUEUE_FULL',
    });
    gate.open();
    await taken;
    expect(await enqueueAll(bed, deployments(3, 3))).toEqual([3, 4, 5]);
  });

  it('leaves a stream where it was when it refuses its next statement', async () => {
    const { bed, gate } = gated({ queuedEntries: 1 });
    const [zero, one] = meterOf(2) as [AdmittedEntry, AdmittedEntry];
    const first = place(bed.sequencer, deployment(0));
    await eventually(() => expect(gate.arrived).toBe(1));
    const second = place(bed.sequencer, zero);
    expect(await refusalOf(place(bed.sequencer, one))).toMatchObject({ code: 'QUEUE_FULL' });
    gate.open();
    await Promise.all([first, second]);
    expect(await place(bed.sequencer, one)).toMatchObject({ index: 2, isNew: true });
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
    [
      'when it is read back',
      () => ({
        entriesSync: () => {
          throw EIO;
        },
      }),
    ],
  ];

  it.each(places)('rejects everything that waits and stops: %s', async (_, change) => {
    let commits = 0;
    const bed = open({
      change: (store) => {
        const { commit = (batch) => store.commit(batch), ...rest } = change(store);
        return {
          ...rest,
          commit: (batch) => {
            commits++;
            return commit(batch);
          },
        };
      },
      limits: { batchEntries: 2 },
    });
    const twice = deployment(0);
    const results = await Promise.allSettled(
      [...deployments(5), twice].map((entry) => place(bed.sequencer, entry)),
    );
    for (const result of results) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'STORE_FAILED' } });
    }
    expect(bed.fatal).toEqual([EIO]);
    expect(commits).toBe(1);
    expect(bed.notes).toEqual([]);
    expect(bed.sequencer.queued).toBe(0);
    expect(await refusalOf(place(bed.sequencer, deployment(9)))).toMatchObject({
      code: 'STORE_FAILED',
    });
    await bed.sequencer.close();
    expect(bed.fatal).toHaveLength(1);
  });

  it('stops when a checkpoint cannot be kept, and what it has told stays true', async () => {
    const bed = open({ change: () => ({ putCheckpoint: fail }) });
    expect(await place(bed.sequencer, deployment(0))).toMatchObject({ index: 0, isNew: true });
    await eventually(() => expect(bed.fatal).toEqual([EIO]));
    expect(await refusalOf(place(bed.sequencer, deployment(1)))).toMatchObject({
      code: 'STORE_FAILED',
    });
    expect(bed.store.head()?.size).toBe(1);
  });

  it('signs nothing more when another part of the log fails', async () => {
    const gate = new Gate();
    const bed = open({
      change: (store) => ({ commit: async (batch) => gate.pass().then(() => store.commit(batch)) }),
    });
    const damage = new AttestryError('STORE_CORRUPT', 'a reader found damage');
    const results = Promise.allSettled([
      place(bed.sequencer, deployment(0)),
      gate.pass().then(() => place(bed.sequencer, deployment(1))),
    ]);
    await eventually(() => expect(gate.arrived).toBe(2));
    bed.sequencer.fail(damage);
    gate.open();
    for (const result of await results) {
      expect(result).toMatchObject({ reason: { code: 'STORE_FAILED', cause: damage } });
    }
    expect(bed.fatal).toEqual([damage]);
    expect(await bed.store.latestCheckpoint('committed')).toBeUndefined();
    expect(bed.sequencer.head.size).toBe(0);
  });

  it('signs nothing when the lock is not its own', async () => {
    const lock: LockDisk = { head: { size: 0, root: EMPTY_ROOT } };
    const bed = open({ lock });
    lock.head = { size: 1, root: leafHash(encodeUtf8('of another process')) };
    expect(await refusalOf(place(bed.sequencer, deployment(0)))).toMatchObject({
      code: 'STORE_FAILED',
      cause: { code: 'HEAD_CONFLICT' },
    });
    expect(bed.fatal).toMatchObject([{ code: 'HEAD_CONFLICT' }]);
    expect(await bed.store.latestCheckpoint('committed')).toBeUndefined();
  });

  it('leaves an unanswered entry there once or not at all', async () => {
    for (const [, change] of places) {
      const disk = new MemoryDisk();
      await Promise.allSettled([place(open({ disk, change }).sequencer, deployment(0))]);
      const again = open({ disk });
      expect((await place(again.sequencer, deployment(0))).index).toBe(0);
      expect(again.sequencer.head.size).toBe(1);
    }
  });
});
