import { describe, expect, onTestFinished, test } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import type { TallyLeaf } from '../../src/core/tally/node.ts';
import { commitLeaves } from '../../src/tally/leaf-commit.ts';
import { openLevelTallyStore } from '../../src/tally/level-tally-store.ts';
import type { TallyStore } from '../../src/tally/tally-store.ts';
import { MemoryTally, usageLeaves } from '../helpers/memory-tally.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const MODELS = ['11', '22', '33'].map((byte) => byte.repeat(32));
const LEAVES = MODELS.flatMap((model, i) => usageLeaves(model, 600, 600 * i));

async function open(): Promise<TallyStore> {
  const store = await openLevelTallyStore(await temporaryFolder());
  onTestFinished(() => store.close());
  return store;
}

describe('commitLeaves', () => {
  test('takes more leaves than it grows at once, in any order, into one commit', async () => {
    const wanted = encodeHex(new MemoryTally(LEAVES).hash);
    const mixed = LEAVES.map((_, i) => LEAVES[(i * 7) % LEAVES.length] as TallyLeaf);
    for (const leaves of [LEAVES, LEAVES.toReversed(), mixed]) {
      const store = await open();
      const state = await commitLeaves(store, { size: 2000, leaves });
      expect(encodeHex(state.root?.hash ?? new Uint8Array(0))).toBe(wanted);
      expect(state).toEqual(store.state());
      expect(state).toMatchObject({ size: 2000, root: { count: LEAVES.length } });
    }
  });

  test('leaves the store as it was when a leaf is there already', async () => {
    const store = await open();
    await commitLeaves(store, { size: 700, leaves: LEAVES.slice(0, 700) });
    const before = store.state();
    await expect(commitLeaves(store, { size: 1400, leaves: LEAVES.slice(699) })).rejects.toThrow(
      RangeError,
    );
    expect(store.state()).toEqual(before);
    await commitLeaves(store, { size: 1800, leaves: LEAVES.slice(700) });
    expect(encodeHex(store.state().root?.hash ?? new Uint8Array(0))).toBe(
      encodeHex(new MemoryTally(LEAVES).hash),
    );
  });
});
