import { cp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { originHash } from '../../src/core/note/origin-hash.ts';
import { AttestryError } from '../../src/errors.ts';
import { openLevelWitnessStore } from '../../src/witness/level-witness-store.ts';
import {
  openMemoryWitnessStore,
  type WitnessState,
  type WitnessStore,
} from '../../src/witness/witness-store.ts';
import { makeSignedLog, type SignedLog } from '../helpers/signed-log.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

const log = makeSignedLog('log.example/eu', 20);
const fork = makeSignedLog('log.example/eu', 20, 1);
const other = makeSignedLog('log.example/us', 20);

function stateOf(size: number, from: SignedLog = log, time = 1_790_000_000 + size): WitnessState {
  const root = from.tree.root(size);
  return { origin: from.origin, size, root, time, note: from.checkpoint(size) };
}

/** Runs `act` on the store of a folder and closes it, also after a failure. */
async function using<T>(folder: string, act: (store: WitnessStore) => Promise<T>): Promise<T> {
  const store = await openLevelWitnessStore(folder);
  try {
    return await act(store);
  } finally {
    await store.close();
  }
}

const readAll = (folder: string) => using(folder, (store) => store.readAll());

async function folderWith(...states: readonly WitnessState[]): Promise<string> {
  const folder = await temporaryFolder();
  await using(folder, async (store) => {
    for (const state of states) await store.put(state);
  });
  return folder;
}

function bySize(states: readonly WitnessState[]): readonly WitnessState[] {
  return [...states].sort((a, b) => a.size - b.size);
}

/** The code of the refusal, or what was answered. */
async function codeOf(answer: Promise<unknown>): Promise<unknown> {
  return answer.then(
    (value) => value,
    (error: unknown) => (error instanceof AttestryError ? error.code : error),
  );
}

const headPath = (folder: string, origin = log.origin) => join(folder, 'heads', originHash(origin));

describe.each([
  ['openMemoryWitnessStore', async () => openMemoryWitnessStore()],
  ['openLevelWitnessStore', async () => openLevelWitnessStore(await temporaryFolder())],
])('%s', (_, open) => {
  it('holds the last state of each log', async () => {
    const store = await open();
    try {
      expect(await store.readAll()).toEqual([]);
      for (const state of [stateOf(3), stateOf(8, other), stateOf(5)]) await store.put(state);
      const states = bySize(await store.readAll());
      expect(states).toEqual([stateOf(5), stateOf(8, other)]);
    } finally {
      await store.close();
    }
  });
});

describe('openLevelWitnessStore', () => {
  it('finds every state again', async () => {
    const folder = await folderWith(stateOf(3), stateOf(8, other), stateOf(5));
    const states = bySize(await readAll(folder));
    expect(states).toEqual([stateOf(5), stateOf(8, other)]);
  });

  it('lets only one process hold the folder', async () => {
    const folder = await temporaryFolder();
    await using(folder, async () => {
      expect(await codeOf(openLevelWitnessStore(folder))).toBe('STORE_LOCKED');
    });
    await using(folder, async () => {});
  });

  it('goes on after a kill between the database and the head lock', async () => {
    const folder = await folderWith(stateOf(3), stateOf(8, other));
    const older = await readFile(headPath(folder));
    await using(folder, (store) => store.put(stateOf(5)));
    await writeFile(headPath(folder), older);
    await rm(headPath(folder, other.origin));
    await writeFile(`${headPath(folder)}.tmp`, 'half a rec');
    for (let round = 0; round < 2; round++) {
      const states = bySize(await readAll(folder));
      expect(states).toEqual([stateOf(5), stateOf(8, other)]);
    }
    await rm(join(folder, 'db'), { recursive: true });
    expect(await codeOf(readAll(folder))).toBe('HEAD_ROLLBACK');
  });

  it('refuses when the database was emptied, for one log or for all', async () => {
    const folder = await folderWith(stateOf(3));
    await rename(join(folder, 'db'), join(folder, 'db.gone'));
    expect(await codeOf(readAll(folder))).toBe('HEAD_ROLLBACK');
    await using(folder, (store) => store.put(stateOf(8, other)));
    expect(await codeOf(readAll(folder))).toBe('HEAD_ROLLBACK');
  });

  it('refuses when the database was restored from a backup', async () => {
    const folder = await folderWith(stateOf(3));
    await cp(join(folder, 'db'), join(folder, 'backup'), { recursive: true });
    for (const next of [stateOf(3, log, 1_790_000_500), stateOf(5, log, 1_790_000_600)]) {
      await using(folder, (store) => store.put(next));
      await rm(join(folder, 'db'), { recursive: true });
      await cp(join(folder, 'backup'), join(folder, 'db'), { recursive: true });
      expect(await codeOf(readAll(folder))).toBe('HEAD_ROLLBACK');
      // Back to a folder that agrees with itself.
      await using(folder, (store) => store.put(next));
    }
  });

  it('refuses a database of a smaller size, whatever its time', async () => {
    const folder = await folderWith(stateOf(3, log, 1_790_000_900));
    const ahead = await folderWith(stateOf(5));
    await cp(headPath(ahead), headPath(folder));
    expect(await codeOf(readAll(folder))).toBe('HEAD_ROLLBACK');
  });

  it('refuses when the two copies hold different roots of one size', async () => {
    const folder = await folderWith(stateOf(5));
    const forked = await folderWith(stateOf(5, fork));
    await cp(headPath(forked), headPath(folder));
    expect(await codeOf(readAll(folder))).toBe('HEAD_FORK');
  });

  it('refuses a head lock with any byte changed, cut, emptied or swapped', async () => {
    const folder = await folderWith(stateOf(5), stateOf(8, other));
    await using(folder, async (store) => {
      const right = await readFile(headPath(folder));
      const wrong = [
        ...Array.from(right, (byte, i) => Buffer.from(right).fill(byte ^ (1 << (i % 8)), i, i + 1)),
        right.subarray(0, -1),
        Buffer.alloc(0),
        Buffer.alloc(187),
        await readFile(headPath(folder, other.origin)),
      ];
      for (const bytes of wrong) {
        await writeFile(headPath(folder), bytes);
        expect(await codeOf(store.readAll())).toBe('HEAD_MALFORMED');
      }
      await writeFile(headPath(folder), right);
      expect(await store.readAll()).toHaveLength(2);
    });
  });

  it('never forgets or changes a state when a byte of the database files is flipped', async () => {
    const folder = await folderWith(stateOf(3), stateOf(5), stateOf(8, other));
    // Not opened in between: opening moves the write-ahead log, the part that fails in silence, into tables.
    const kept = join(folder, 'kept');
    await rename(join(folder, 'db'), kept);
    const before = [stateOf(5), stateOf(8, other)];
    const outcomes = new Map<string, number>();
    for (const name of await readdir(kept)) {
      const size = (await readFile(join(kept, name))).length;
      for (let at = 0; at < size; at += 23) {
        await cp(kept, join(folder, 'db'), { recursive: true });
        const file = join(folder, 'db', name);
        const bytes = await readFile(file);
        bytes[at] = (bytes[at] ?? 0) ^ (1 << (at % 8));
        await writeFile(file, bytes);
        const outcome = await codeOf(readAll(folder));
        if (Array.isArray(outcome)) expect(bySize(outcome), `${name} at ${at}`).toEqual(before);
        else outcomes.set(String(outcome), (outcomes.get(String(outcome)) ?? 0) + 1);
        await rm(join(folder, 'db'), { recursive: true });
      }
    }
    const codes = ['HEAD_ROLLBACK', 'STORE_CORRUPT', 'STORE_FAILED'];
    expect(codes).toEqual(expect.arrayContaining([...outcomes.keys()]));
    // Without the head lock, these would have been clean, older states.
    expect(outcomes.get('HEAD_ROLLBACK')).toBeGreaterThan(0);
  });

  it('takes no more writes after one has failed', async () => {
    const folder = await folderWith(stateOf(3));
    await using(folder, async (store) => {
      await rm(join(folder, 'heads'), { recursive: true });
      expect(await codeOf(store.put(stateOf(5)))).toBe('STORE_FAILED');
      expect(await codeOf(store.put(stateOf(5)))).toBe('STORE_FAILED');
    });
  });
});
