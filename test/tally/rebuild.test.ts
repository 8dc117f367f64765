import { describe, expect, it, onTestFinished } from 'vitest';
import { leavesOf } from '../../src/core/tally/leaves.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import { type RebuiltTally, TallyRebuild } from '../../src/tally/rebuild.ts';
import { type ReadEntries, Tally } from '../../src/tally/tally.ts';
import type { TallyStore } from '../../src/tally/tally-store.ts';
import { makeNetwork, type TestLog } from '../helpers/fixtures.ts';
import { MemoryTally } from '../helpers/memory-tally.ts';
import { leavesOfLog } from '../helpers/tallied-network.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const [LOG] = makeNetwork({ regions: ['eu'] }).logs as [TestLog];
for (let i = 0; i < 5; i++) {
  LOG.state('deployment', { predicate: { deploymentId: `deployment-${i}` } });
}
const PAIR = { checkpoint: LOG.cosigned(), tally: 'a note\n' };
const readEntries: ReadEntries = async (start, end) => LOG.entries.slice(start, end);
const readOthers: ReadEntries = async (start, end) => LOG.entries.slice(start, end).reverse();

/** A store with the tally of the first `size` entries. */
async function storeOf(size: number, read: ReadEntries = readEntries): Promise<TallyStore> {
  const store = await openLevelTallyStore(await temporaryFolder());
  onTestFinished(() => store.close());
  await new Tally({ store, readEntries: read }).grow(size);
  return store;
}

/** Built anew from all of the log's entries, a few at a time. */
async function rebuildTally(store: TallyStore): Promise<RebuiltTally> {
  const rebuild = await TallyRebuild.begin(store);
  const leaves = LOG.entries.map((entry, index) => leavesOf(entry, index));
  await rebuild.take(leaves.slice(0, 3));
  await rebuild.take(leaves.slice(3));
  return await rebuild.end();
}

describe('TallyRebuild', () => {
  it('finds a tally right that is, and keeps it as it was with its notes', async () => {
    const store = await storeOf(4);
    await store.putPair(PAIR);
    const before = store.state();
    expect(await rebuildTally(store)).toEqual({ size: 4, count: 4, wasRight: true });
    expect(store.state()).toEqual(before);
    expect(store.pair()).toEqual(PAIR);
  });

  it('puts the right tally in the place of a wrong one', async () => {
    const store = await storeOf(5, readOthers);
    expect(await rebuildTally(store)).toMatchObject({ size: 5, wasRight: false });
    expect(store.state().root?.hash).toEqual(new MemoryTally(leavesOfLog(LOG)).hash);
    expect(await rebuildTally(store)).toMatchObject({ wasRight: true });
  });

  it('takes a tally that has not begun', async () => {
    const store = await storeOf(0);
    expect(await rebuildTally(store)).toEqual({ size: 0, count: 0, wasRight: true });
    expect(store.pair()).toBeUndefined();
  });

  it('finds a tally wrong that has more entries than the log', async () => {
    const rebuild = await TallyRebuild.begin(await storeOf(4));
    await rebuild.take(LOG.entries.slice(0, 3).map((entry, index) => leavesOf(entry, index)));
    expect(await rebuild.end()).toEqual({ size: 3, count: 3, wasRight: false });
  });

  it('keeps the notes also where it is not carried to its end', async () => {
    const store = await storeOf(4);
    await store.putPair(PAIR);
    await TallyRebuild.begin(store);
    expect(store.pair()).toEqual(PAIR);
  });

  it('lets the rebuilt tally grow on', async () => {
    const store = await storeOf(2);
    await rebuildTally(store);
    const { root } = await new Tally({ store, readEntries }).grow(5);
    expect(root?.hash).toEqual(new MemoryTally(leavesOfLog(LOG)).hash);
  });
});
