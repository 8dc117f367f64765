import { describe, expect, it } from 'vitest';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { proveAppended } from '../../src/core/merkle/appended.ts';
import { encodeBundle } from '../../src/core/merkle/bundle.ts';
import { Frontier } from '../../src/core/merkle/frontier.ts';
import { growTiles } from '../../src/core/merkle/growth.ts';
import { leafHash, rowRoot } from '../../src/core/merkle/hash.ts';
import { tileNodeReader } from '../../src/core/merkle/tile.ts';
import { leafHashBySystem } from '../../src/keys/openssl-hash.ts';
import { verifyCommit } from '../../src/log/second-path.ts';
import { entriesOfRow } from '../../src/store/entry-rows.ts';
import { entryRowKey, HEAD_KEY } from '../../src/store/level-keys.ts';
import type { LogCommit, LogStore } from '../../src/store/log-store.ts';
import { MemoryDisk, openMemoryLogStore } from '../../src/store/memory-log-store.ts';
import { tileReader } from '../../src/store/tile-reader.ts';
import { LogBed } from '../helpers/log-bed.ts';
import { openWithDatabase } from '../helpers/open-database.ts';
import { sampleStream } from '../helpers/statements.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { flipBit, wrapStore } from '../helpers/wrapped-store.ts';

describe('leafHashBySystem', () => {
  it('is the leaf hash of RFC 6962', () => {
    for (const entry of [new Uint8Array(), encodeUtf8('entry')]) {
      expect(new Uint8Array(leafHashBySystem(entry))).toEqual(leafHash(entry));
    }
  });
});

type Change = (store: LogStore) => Partial<LogStore>;

/** Turns a bit of the very arrays that the log holds, as a fault of the memory does. */
function inMemory(bytesOf: (commit: LogCommit) => Uint8Array | undefined): Change {
  return (store) => ({
    commit: (commit) => {
      const bytes = bytesOf(commit);
      bytes?.set(flipBit(bytes, 3));
      return store.commit(commit);
    },
  });
}

/** Writes something else than what the log gave. */
function onTheWay(damage: (commit: LogCommit) => LogCommit): Change {
  return (store) => ({ commit: (commit) => store.commit(damage(commit)) });
}

/** Reads well until something is written. */
function afterwards(change: Change): Change {
  return (store) => {
    let written = false;
    const changed = wrapStore(store, change(store));
    const now = (): LogStore => (written ? changed : store);
    return {
      commit: async (commit) => {
        await store.commit(commit);
        written = true;
      },
      entriesSync: (start, end) => now().entriesSync(start, end),
      head: () => now().head(),
    };
  };
}

function flippedLast(entries: readonly Uint8Array[]): Uint8Array[] {
  return entries.with(-1, flipBit(entries.at(-1) ?? new Uint8Array(), 77));
}

const faults: readonly (readonly [string, string, Change])[] = [
  [
    'an entry on its way to the disk',
    'ENTRY_HASH_MISMATCH',
    onTheWay((commit) => ({
      ...commit,
      entries: commit.entries.map((row, i) =>
        i === 0 ? { ...row, entry: flipBit(row.entry) } : row,
      ),
    })),
  ],
  [
    'a tile on its way to the disk',
    'TILE_HASH_MISMATCH',
    onTheWay((commit) => ({
      ...commit,
      tiles: commit.tiles.map((row) => ({ ...row, hashes: flipBit(row.hashes, 300) })),
    })),
  ],
  [
    'the head on its way to the disk',
    'ROOT_MISMATCH',
    onTheWay((commit) => ({
      ...commit,
      head: { ...commit.head, root: flipBit(commit.head.root, 255) },
    })),
  ],
  [
    'the look-up table on its way to the disk',
    'TABLE_MISMATCH',
    onTheWay((commit) => ({
      ...commit,
      entries: commit.entries.map((row) => ({ ...row, entryHash: flipBit(row.entryHash, 9) })),
    })),
  ],
  [
    'the state of a meter on its way to the disk',
    'TABLE_MISMATCH',
    onTheWay((commit) => ({
      ...commit,
      streams: new Map([...commit.streams].map(([key, row]) => [key, { ...row, sequence: 7 }])),
    })),
  ],
  ['an entry in memory', 'ENTRY_HASH_MISMATCH', inMemory(({ entries }) => entries[0]?.entry)],
  [
    'a leaf hash in memory',
    'ENTRY_HASH_MISMATCH',
    inMemory(({ entries }) => entries[0]?.entryHash),
  ],
  ['a tile in memory', 'ROOT_MISMATCH', inMemory(({ tiles }) => tiles[0]?.hashes)],
  ['the root in memory', 'ROOT_MISMATCH', inMemory(({ head }) => head.root)],
  [
    'a leaf hash in memory, before the tree was grown',
    'ROOT_MISMATCH',
    (store) => ({
      commit: (commit) => {
        // Tile and root are of the flipped hash, and agree with each other.
        const [tile] = commit.tiles as [LogCommit['tiles'][0]];
        tile.hashes.set(flipBit(tile.hashes, 3 * 256 + 1));
        commit.head.root.set(rowRoot(tile.hashes));
        return store.commit(commit);
      },
    }),
  ],
  [
    'an entry when it is read',
    'ENTRY_HASH_MISMATCH',
    afterwards((store) => ({
      entriesSync: (start, end) => flippedLast(store.entriesSync(start, end)),
    })),
  ],
  [
    'an entry that is lost',
    'ENTRY_HASH_MISMATCH',
    afterwards((store) => ({
      entriesSync: (start, end) => store.entriesSync(start, end).slice(0, -1),
    })),
  ],
  [
    'an older entry that was written anew with it',
    'ENTRY_HASH_MISMATCH',
    afterwards((store) => ({
      entriesSync: (start, end) => {
        const [first, ...others] = store.entriesSync(start, end);
        return [flipBit(first ?? new Uint8Array(), 77), ...others];
      },
    })),
  ],
  [
    'the head when it is read',
    'ROOT_MISMATCH',
    afterwards((store) => ({
      head: () => {
        const head = store.head();
        return head && { ...head, root: flipBit(head.root) };
      },
    })),
  ],
];

/** Changes the entries of a row. */
function inRow(change: (entries: Uint8Array[]) => Uint8Array[]): RowDamage {
  return [undefined, (row) => encodeBundle(change(entriesOfRow(row)))];
}

function inHead(change: (row: Uint8Array) => Uint8Array): RowDamage {
  return [HEAD_KEY, change];
}

/** Of which row, the one with the newest entry unless told, and what becomes of it. */
type RowDamage = readonly [Uint8Array | undefined, (row: Uint8Array) => Uint8Array | undefined];

const first = (entries: readonly Uint8Array[]): Uint8Array => entries[0] ?? new Uint8Array();

const onDisk: readonly (readonly [string, string, RowDamage])[] = [
  [
    'a flipped bit in an older entry of the row',
    'ENTRY_HASH_MISMATCH',
    inRow((entries) => entries.with(0, flipBit(first(entries), 999))),
  ],
  [
    'a flipped bit in the newest entry',
    'ENTRY_HASH_MISMATCH',
    inRow((entries) => flippedLast(entries)),
  ],
  [
    'an older entry in the place of another',
    'ENTRY_HASH_MISMATCH',
    inRow((entries) => entries.with(1, first(entries))),
  ],
  ['a row that is cut short', 'STORE_CORRUPT', [undefined, (row) => row.slice(0, -1)]],
  ['a row without its newest entry', 'STORE_CORRUPT', inRow((entries) => entries.slice(0, -1))],
  ['a row with an entry more', 'STORE_CORRUPT', inRow((entries) => [...entries, first(entries)])],
  ['a flipped bit in a length', 'STORE_CORRUPT', [undefined, (row) => flipBit(row, 9)]],
  ['a row that is gone', 'STORE_CORRUPT', [undefined, () => undefined]],
  ['a head with a larger size', 'ROOT_MISMATCH', inHead((row) => flipBit(row, 8 * 5))],
  ['a head with a smaller size', 'ROOT_MISMATCH', inHead((row) => row.fill(0, 0, 8))],
  ['a head with another root', 'ROOT_MISMATCH', inHead((row) => flipBit(row, 8 * 9))],
];

describe('verifyCommit', () => {
  it.each(faults)('lets nothing be signed after a flipped bit in %s', async (_, code, change) => {
    const bed = new LogBed();
    await bed.grow(3);
    const before = bed.lock.head;
    const store = openMemoryLogStore(bed.disk);
    const { log, fatal } = await bed.open({ store: wrapStore(store, change(store)) });
    const [usage] = sampleStream(1, { context: bed.eu.context });
    const admitted = await log.admit(bed.entryOf(usage as NonNullable<typeof usage>));
    await expect(log.commit(admitted)).rejects.toMatchObject({
      code: 'STORE_FAILED',
      cause: { code },
    });
    expect(fatal).toMatchObject([{ code }]);
    expect(bed.lock.head).toEqual(before);
    expect([...bed.disk.checkpoints.committed.keys()]).not.toContain(4);
    expect(log.size).toBe(3);
    await expect(log.admit(bed.entry(9)).then((entry) => log.commit(entry))).rejects.toMatchObject({
      code: 'STORE_FAILED',
    });
  });

  it('lets nothing be signed after a flipped bit in a tile that was right at the commit before', async () => {
    const bed = new LogBed();
    const { log, fatal } = await bed.open();
    for (let i = 0; i < 2; i++) await log.commit(await log.admit(bed.entry(i)));
    bed.disk.tiles.set('0/0', flipBit(bed.disk.tiles.get('0/0') as Uint8Array, 7));
    await expect(log.admit(bed.entry(2)).then((entry) => log.commit(entry))).rejects.toMatchObject({
      code: 'STORE_FAILED',
      cause: { code: 'ROOT_MISMATCH' },
    });
    expect(fatal).toMatchObject([{ code: 'ROOT_MISMATCH' }]);
    expect(bed.lock.head?.size).toBe(2);
  });

  it.each(onDisk)('lets nothing be signed after %s on the disk', async (_, code, [key, damage]) => {
    // In the first tile, and in a later one.
    for (const size of [3, 256 + 43]) {
      const bed = new LogBed();
      const { store, db } = await openWithDatabase(await temporaryFolder());
      let isDamaged = false;
      const commit = async (rows: LogCommit): Promise<void> => {
        await store.commit(rows);
        if (!isDamaged) return;
        const at = key ?? entryRowKey(size);
        const damaged = damage((await db.get(at)) ?? new Uint8Array());
        await (damaged === undefined ? db.del(at) : db.put(at, damaged));
      };
      const { log } = await bed.open({ store: wrapStore(store, { commit }) });
      const entries = Array.from({ length: size }, (_, i) => bed.entry(i));
      await bed.submit(log, entries);
      const before = bed.lock.head;
      isDamaged = true;
      const refused = bed.submit(log, [bed.entry(size)]);
      await expect(refused).rejects.toMatchObject({ code: 'STORE_FAILED', cause: { code } });
      expect(bed.lock.head).toEqual(before);
    }
  });

  it('lets nothing be signed after a flipped bit in the middle nodes of a tile that is full now', async () => {
    const bed = new LogBed();
    await bed.grow(255);
    const store = openMemoryLogStore(bed.disk);
    const flip = onTheWay((commit) => ({
      ...commit,
      tiles: commit.tiles.map(({ middle, ...tile }) =>
        middle === undefined ? tile : { ...tile, middle: flipBit(middle, 700) },
      ),
    }));
    const { log, fatal } = await bed.open({ store: wrapStore(store, flip(store)) });
    await expect(
      log.admit(bed.entry(255)).then((entry) => log.commit(entry)),
    ).rejects.toMatchObject({ code: 'STORE_FAILED', cause: { code: 'TILE_HASH_MISMATCH' } });
    expect(fatal).toMatchObject([{ code: 'TILE_HASH_MISMATCH' }]);
    expect(bed.lock.head?.size).toBe(255);
  });

  it('leads the newest entry to the root by itself, whatever the other ways agree on', async () => {
    const entries = [0, 1, 2].map((i) => ({
      entry: Uint8Array.of(i),
      entryHash: leafHash(Uint8Array.of(i)),
    }));
    const leafHashes = entries.map(({ entryHash }) => entryHash);
    const { tiles, size, root } = growTiles({
      size: 0,
      leafHashes,
      readTile: () => new Uint8Array(),
    });
    const { proofs } = proveAppended({ from: 0, before: [], leafHashes });
    const head = { size, root };
    const commit = { from: 0, entries, tiles, head, streams: new Map(), mentions: [] };
    const store = openMemoryLogStore(new MemoryDisk());
    await store.commit(commit);
    const readNode = tileNodeReader(tileReader(store));
    const check = (given: readonly (readonly Uint8Array[])[]): LogCommit =>
      verifyCommit(store, commit, { frontier: new Frontier(), proofs: given, readNode });
    expect(check(proofs)).toBe(commit);
    const wrong = proofs.map((proof) => proof.map((hash) => flipBit(hash, 5)));
    expect(() => check(wrong)).toThrow(expect.objectContaining({ code: 'ROOT_MISMATCH' }));
  });
});
