import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { EMPTY_ROOT } from '../../src/core/merkle/hash.ts';
import { leavesOf } from '../../src/core/tally/leaves.ts';
import { EMPTY_TALLY } from '../../src/core/tally/node.ts';
import { ZERO_SUMS } from '../../src/core/tally/sums.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import { type ReadEntries, Tally, tallyHead } from '../../src/tally/tally.ts';
import type { TallyState, TallyStore } from '../../src/tally/tally-store.ts';
import { naiveTally } from '../helpers/naive-tally.ts';
import { fakeLog } from '../helpers/tally-entries.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const LOG = fakeLog(150);

const reads =
  (log: readonly Uint8Array[]): ReadEntries =>
  async (start, end) =>
    log.slice(start, end);

async function open(folder: string): Promise<TallyStore> {
  const store = await openLevelTallyStore(folder);
  onTestFinished(() => store.close());
  return store;
}

function rootOf(state: TallyState): string {
  return encodeHex(state.root?.hash ?? EMPTY_TALLY);
}

function naiveRoot(log: readonly Uint8Array[]): string {
  return encodeHex(naiveTally(log.flatMap((entry, i) => leavesOf(entry, i))).hash);
}

describe('Tally.grow', () => {
  it('gives the same root from leaves at hand, and reads only the entries of which it has none', async () => {
    const store = await openLevelTallyStore(await temporaryFolder());
    onTestFinished(() => store.close());
    const read: number[] = [];
    const tally = new Tally({
      store,
      readEntries: async (start, end) => {
        read.push(start);
        return LOG.slice(start, end);
      },
      findLeaves: (start, end) =>
        start >= 64
          ? LOG.slice(start, end).flatMap((entry, i) => leavesOf(entry, start + i))
          : undefined,
    });
    expect(rootOf(await tally.grow(LOG.length))).toBe(naiveRoot(LOG));
    expect(read).toEqual([0]);
  });

  it('gives the root of the entries, in whatever steps, closed and opened again in between', async () => {
    const wanted = naiveRoot(LOG);
    const steps = fc.array(fc.record({ by: fc.nat(60), reopen: fc.boolean() }), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(steps, async (plan) => {
        const folder = await temporaryFolder();
        let store = await openLevelTallyStore(folder);
        let size = 0;
        for (const { by, reopen } of plan) {
          size = Math.min(LOG.length, size + by);
          const state = await new Tally({ store, readEntries: reads(LOG) }).grow(size);
          expect(state.size).toBe(size);
          if (!reopen) continue;
          await store.close();
          store = await openLevelTallyStore(folder);
        }
        const state = await new Tally({ store, readEntries: reads(LOG) }).grow(LOG.length);
        await store.close();
        expect([state.size, rootOf(state)]).toEqual([LOG.length, wanted]);
      }),
      { numRuns: 20 },
    );
  });

  it('goes past entries that are no statement, and adds nothing for them', async () => {
    const statements = LOG.filter((_, index) => index % 9 !== 8);
    const noise = Array.from({ length: 5 }, (_, i) => new Uint8Array(i).fill(0x7b));
    const tally = new Tally({
      store: await open(await temporaryFolder()),
      readEntries: reads([...LOG, ...noise]),
    });
    const { count = 0 } = (await tally.grow(LOG.length)).root ?? {};
    expect(statements).toHaveLength(134);
    // An evaluation of the fake log is about two models.
    expect(count).toBe(LOG.flatMap((entry, i) => leavesOf(entry, i)).length);
    expect(count).toBeGreaterThan(134);
    const before = rootOf(tally.state);
    const state = await tally.grow(LOG.length + noise.length);
    expect([state.size, rootOf(state)]).toEqual([LOG.length + noise.length, before]);
  });

  it('has an empty tally of entries that are all no statement', async () => {
    const log = Array.from({ length: 5 }, () => new Uint8Array(3));
    const tally = new Tally({
      store: await open(await temporaryFolder()),
      readEntries: reads(log),
    });
    expect(await tally.grow(5)).toEqual({ size: 5, root: undefined });
  });

  it('lets two who ask at once grow it one after the other', async () => {
    const tally = new Tally({
      store: await open(await temporaryFolder()),
      readEntries: reads(LOG),
    });
    const states = await Promise.all([
      tally.grow(100),
      tally.grow(60),
      tally.grow(LOG.length),
      tally.grow(0),
    ]);
    expect(states.map(({ size }) => size)).toEqual([100, 100, 150, 150]);
    expect(rootOf(tally.state)).toBe(naiveRoot(LOG));
  });

  it('takes several commits for many entries, stops between them when told to, and goes on from there', async () => {
    const noise = Array.from({ length: 4080 }, () => new Uint8Array(1));
    const log = [...LOG.slice(0, 50), ...noise, ...LOG.slice(50)];
    const tally = new Tally({
      store: await open(await temporaryFolder()),
      readEntries: reads(log),
    });
    let asked = 0;
    const stopped = await tally.grow(log.length, () => asked++ > 0);
    expect(stopped.size).toBeGreaterThan(50);
    expect(stopped.size).toBeLessThan(log.length);
    expect(rootOf(stopped)).toBe(naiveRoot(log.slice(0, stopped.size)));
    const state = await tally.grow(log.length);
    expect([state.size, rootOf(state)]).toEqual([log.length, naiveRoot(log)]);
    expect(tally.state).toEqual(state);
  });

  it('keeps nothing of a reader that gives fewer entries than it was asked for', async () => {
    const tally = new Tally({
      store: await open(await temporaryFolder()),
      readEntries: reads(LOG),
    });
    await tally.grow(100);
    const before = rootOf(tally.state);
    await expect(tally.grow(LOG.length + 1)).rejects.toThrow(RangeError);
    expect([tally.state.size, rootOf(tally.state)]).toEqual([100, before]);
  });
});

describe('tallyHead', () => {
  it('says what a tally stands for, and that an empty one has nothing', async () => {
    const tally = new Tally({
      store: await open(await temporaryFolder()),
      readEntries: reads(LOG),
    });
    const logRoot = new Uint8Array(32).fill(3);
    const origin = 'eu.log.example';
    expect(tallyHead(origin, tally.state, EMPTY_ROOT)).toEqual({
      origin,
      size: 0,
      logRoot: EMPTY_ROOT,
      tallyRoot: EMPTY_TALLY,
      count: 0,
      sums: ZERO_SUMS,
    });
    const state = await tally.grow(LOG.length);
    const {
      hash: tallyRoot,
      count,
      sums,
    } = naiveTally(LOG.flatMap((entry, i) => leavesOf(entry, i)));
    expect(tallyHead(origin, state, logRoot)).toEqual({
      origin,
      size: 150,
      logRoot,
      tallyRoot,
      count,
      sums,
    });
  });
});
