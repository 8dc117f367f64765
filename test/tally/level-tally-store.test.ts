import { Level } from 'level';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { growTally } from '../../src/core/tally/growth.ts';
import { KEY_BITS } from '../../src/core/tally/key.ts';
import { type Branch, EMPTY_TALLY, type TallyLeaf } from '../../src/core/tally/node.ts';
import { type Question, verifyTally } from '../../src/core/tally/proof.ts';
import { proveTally } from '../../src/core/tally/prove.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import { innerKey, leafKey, PAIR_KEY, STATE_KEY } from '../../src/tally/tally-rows.ts';
import type { TallyReader, TallyStore } from '../../src/tally/tally-store.ts';
import { codeOf } from '../helpers/code-of.ts';
import { usageLeaves, WHOLE, withBit } from '../helpers/memory-tally.ts';
import { naiveTally } from '../helpers/naive-tally.ts';
import { codeOf as codeOfPromise } from '../helpers/store-suite.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const MODEL = '11'.repeat(32);
const PAIR = { checkpoint: 'checkpoint\nof three\nlines\n', tally: 'tally\n' };
const EVERYTHING: Question[] = [{ ...WHOLE, want: 'list' }];

async function open(folder: string): Promise<TallyStore> {
  const store = await openLevelTallyStore(folder);
  onTestFinished(() => store.close());
  return store;
}

async function add(store: TallyStore, leaves: readonly TallyLeaf[]): Promise<void> {
  const { size, root } = store.state();
  const grown = growTally({ root, leaves, readInner: (branch) => store.inner(branch) });
  await store.commit({ size: size + leaves.length, leaves, ...grown });
}

/** A folder with a tally of some leaves, closed. */
async function grown(leaves: readonly TallyLeaf[]): Promise<string> {
  const folder = await temporaryFolder();
  const store = await openLevelTallyStore(folder);
  await add(store, leaves);
  await store.putPair(PAIR);
  await store.close();
  return folder;
}

/** Changes rows behind the store's back. */
async function tamper(
  folder: string,
  key: Uint8Array,
  change: (row: Uint8Array) => Uint8Array | undefined,
): Promise<void> {
  const db = new Level<Uint8Array, Uint8Array>(folder, {
    keyEncoding: 'view',
    valueEncoding: 'view',
  });
  const row = await db.get(key);
  if (row === undefined) throw new Error('Expected a row to change.');
  const changed = change(Uint8Array.from(row));
  await (changed === undefined ? db.del(key) : db.put(key, changed));
  await db.close();
}

function listOf(reader: TallyReader): string[] {
  const root = reader.state().root?.hash ?? EMPTY_TALLY;
  const [answer] = verifyTally({
    root,
    questions: EVERYTHING,
    proof: proveTally({
      root: reader.state().root,
      questions: EVERYTHING,
      readInner: (branch) => reader.inner(branch),
      readLeaf: (branch) => reader.leaf(branch),
    }),
  });
  return (answer?.leaves ?? []).map(({ key }) => encodeHex(key));
}

const keysOf = (leaves: readonly TallyLeaf[]): string[] =>
  leaves.map(({ key }) => encodeHex(key)).sort();

describe('openLevelTallyStore', () => {
  test('begins empty', async () => {
    const store = await open(await temporaryFolder());
    expect(store.state()).toEqual({ size: 0, root: undefined });
    expect(store.pair()).toBeUndefined();
    expect(listOf(store)).toEqual([]);
  });

  test('keeps nodes, leaves, state and notes when it is closed and opened again', async () => {
    const leaves = usageLeaves(MODEL, 60);
    const folder = await grown(leaves.slice(0, 40));
    const store = await open(folder);
    expect(store.state().size).toBe(40);
    expect(store.pair()).toEqual(PAIR);
    await add(store, leaves.slice(40));
    const { root, size } = store.state();
    expect([size, root?.count]).toEqual([60, 60]);
    expect(encodeHex(root?.hash ?? EMPTY_TALLY)).toBe(encodeHex(naiveTally(leaves).hash));
    expect(listOf(store)).toEqual(keysOf(leaves));
  });

  test('keeps how far it is where no entry had a leaf', async () => {
    const folder = await temporaryFolder();
    const store = await openLevelTallyStore(folder);
    await store.commit({ size: 2 ** 40, root: undefined, leaves: [], inners: [] });
    await store.close();
    expect((await open(folder)).state()).toEqual({ size: 2 ** 40, root: undefined });
  });

  test('forgets everything when it is cleared', async () => {
    const store = await open(await grown(usageLeaves(MODEL, 40)));
    await store.clear();
    expect(store.state()).toEqual({ size: 0, root: undefined });
    expect(store.pair()).toBeUndefined();
    await add(store, usageLeaves(MODEL, 3));
    expect(listOf(store)).toHaveLength(3);
  });

  test('keeps no more nodes in memory than it is told, and is the same tally', async () => {
    const leaves = usageLeaves(MODEL, 300);
    const reads = async (keptInners: number): Promise<number> => {
      const store = await openLevelTallyStore(await temporaryFolder(), { keptInners });
      onTestFinished(() => store.close());
      for (let at = 0; at < leaves.length; at += 50) await add(store, leaves.slice(at, at + 50));
      expect(listOf(store)).toEqual(keysOf(leaves));
      const getSync = vi.spyOn(Level.prototype, 'getSync');
      expect(listOf(store)).toEqual(keysOf(leaves));
      const calls = getSync.mock.calls.length;
      getSync.mockRestore();
      return calls;
    };
    // A walk over everything reads the state twice, each leaf, and each of the 299 inner nodes that is not kept.
    expect(await reads(1000)).toBe(2 + 300);
    expect(await reads(20)).toBeGreaterThan(2 + 300 + 270);
  });

  test('lets only one hold it', async () => {
    const folder = await temporaryFolder();
    await open(folder);
    expect(await codeOfPromise(() => openLevelTallyStore(folder))).toBe('STORE_LOCKED');
  });
});

describe('TallyStore.view', () => {
  test('proves the tally as it stood, however it grows on', async () => {
    const leaves = usageLeaves(MODEL, 200);
    const store = await open(await temporaryFolder());
    await add(store, leaves.slice(0, 50));
    const view = store.view();
    const before = listOf(view);
    // Asked for while a commit is on its way too: nobody waits for the other.
    const growing = add(store, leaves.slice(50, 120));
    expect(listOf(view)).toEqual(before);
    await growing;
    await add(store, leaves.slice(120));
    expect(listOf(view)).toEqual(before);
    expect(before).toEqual(keysOf(leaves.slice(0, 50)));
    expect(listOf(store)).toEqual(keysOf(leaves));
    await view.close();
  });
});

describe('TallyStore.inner', () => {
  test('gives the nodes of what is written already, before the writer has heard of it', async () => {
    const leaves = usageLeaves(MODEL, 200);
    const store = await open(await temporaryFolder());
    await add(store, leaves.slice(0, 150));
    const growing = add(store, leaves.slice(150));
    for (let turn = 0; turn < 100; turn++) await Promise.resolve();
    // Nothing else runs in here, but the database writes: another thread does.
    const deadline = Date.now() + 10_000;
    while (store.state().size < 200 && Date.now() < deadline);
    expect(listOf(store)).toEqual(keysOf(leaves));
    await growing;
  });
});

describe('openLevelTallyStore on a damaged folder', () => {
  const leaves = usageLeaves(MODEL, 30);

  const cut = (row: Uint8Array): Uint8Array => row.slice(0, -1);
  const extend = (row: Uint8Array): Uint8Array => Uint8Array.from([...row, 0]);
  const flip = (at: number) => (row: Uint8Array) => withBit(row, at < 0 ? row.length * 8 + at : at);
  const damages: [string, (row: Uint8Array) => Uint8Array | undefined][] = [
    ['gone', () => undefined],
    ['empty', () => new Uint8Array(0)],
    ['cut short', cut],
    ['too long', extend],
    ['of other bytes', (row) => row.map((byte) => byte ^ 0xff)],
    ['with its first bit flipped', flip(0)],
    ['with a bit of a hash flipped', flip(100)],
    ['with its last bit flipped', flip(-1)],
  ];

  /** A branch of the tally that is an inner node below the root, and one that is a leaf. */
  async function branchesOf(folder: string): Promise<{ inner: Branch; leaf: Branch }> {
    const store = await openLevelTallyStore(folder);
    try {
      let inner = store.state().root as Branch;
      const below = (branch: Branch): Branch[] => {
        const { left, right } = store.inner(branch);
        return [left, right];
      };
      inner = below(inner).find(({ count }) => count > 2) as Branch;
      let leaf = inner;
      while (leaf.prefix.length < KEY_BITS) leaf = below(leaf)[0] as Branch;
      return { inner, leaf };
    } finally {
      await store.close();
    }
  }

  test.each(damages)('reports an inner node %s', async (_, change) => {
    const folder = await grown(leaves);
    const { inner } = await branchesOf(folder);
    await tamper(folder, innerKey(inner.prefix), change);
    const store = await open(folder);
    expect(codeOf(() => store.inner(inner))).toBe('STORE_CORRUPT');
    expect(codeOf(() => listOf(store))).toBe('STORE_CORRUPT');
    expect(codeOf(() => listOf(store.view()))).toBe('STORE_CORRUPT');
  });

  test.each(damages)('reports a leaf %s', async (_, change) => {
    const folder = await grown(leaves);
    const { leaf } = await branchesOf(folder);
    await tamper(folder, leafKey(leaf.prefix.bits), change);
    const store = await open(folder);
    expect(codeOf(() => store.leaf(leaf))).toBe('STORE_CORRUPT');
    expect(codeOf(() => listOf(store))).toBe('STORE_CORRUPT');
  });

  test.each(damages.slice(1))('reports a state %s', async (_, change) => {
    const folder = await grown(leaves);
    await tamper(folder, STATE_KEY, change);
    const store = await open(folder);
    expect(codeOf(() => store.state())).toBe('STORE_CORRUPT');
  });

  test.each<[string, string]>([
    ['cut short', '{"checkpoint":"a","tally":"b"'],
    ['without a field', '{"checkpoint":"a"}'],
    ['with another type', '{"checkpoint":"a","tally":5}'],
    ['of another spelling', '{"tally":"b","checkpoint":"a"}'],
  ])('reports notes %s', async (_, text) => {
    const folder = await grown(leaves);
    await tamper(folder, PAIR_KEY, () => encodeUtf8(text));
    const store = await open(folder);
    expect(codeOf(() => store.pair())).toBe('STORE_CORRUPT');
  });

  test('never grows on a node that is damaged', async () => {
    const folder = await grown(leaves);
    const { inner } = await branchesOf(folder);
    await tamper(folder, innerKey(inner.prefix), flip(90));
    const store = await open(folder);
    expect(await codeOfPromise(() => add(store, usageLeaves(MODEL, 30, 30)))).toBe('STORE_CORRUPT');
    expect(store.state().size).toBe(30);
  });
});
